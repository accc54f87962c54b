// A second test run beside this one, and what an earlier one left behind.
import { existsSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from './process-identity';
import { probe } from './readiness';
import { startTestRun } from './test-run';
import { testServers } from './test-servers';
import { removeFolder } from './testing/places';

const made: string[] = [];
const folderNamed = (prefix: string): string => {
  const folder = mkdtempSync(join(tmpdir(), prefix));
  made.push(folder);
  return folder;
};
afterEach(() => made.splice(0).forEach(removeFolder));

describe('startTestRun', () => {
  it('runs beside another run, and removes only what dead runs left', async () => {
    const dead = folderNamed('tsdb-test-dead-');
    writeFileSync(join(dead, 'lock'), JSON.stringify({ ...identify(process.pid), started: 'long ago' }));
    const starting = folderNamed('tsdb-test-starting-');
    mkdirSync(join(starting, 'data.new-1'));
    const forgotten = folderNamed('tsdb-place-');
    utimesSync(forgotten, 1, 1);
    const fresh = folderNamed('tsdb-place-');

    const run = await startTestRun({ TSDB_LOCAL_SERVER: 'embedded' });
    expect(run.servers).toHaveLength(1);
    expect(run.summary).toContain('TimescaleDB left out by TSDB_LOCAL_SERVER: its suites are skipped');
    const url = run.servers[0]?.url ?? '';
    expect(await probe(url)).toBeUndefined();
    await run.stop();
    expect(await probe(url)).toMatchObject({ code: 'ECONNREFUSED' });

    expect([dead, starting, forgotten, fresh].map(existsSync)).toEqual([false, true, false, true]);
    for (const server of testServers()) expect(await probe(server.url)).toBeUndefined();
  });

  it('fails when it is told to use what is not there, and leaves no server', async () => {
    const env = { DATABASE_URL: 'postgresql://u:p@127.0.0.1:1/d' };
    await expect(startTestRun(env)).rejects.toThrow(
      /the server of DATABASE_URL does not answer: .*ECONNREFUSED/,
    );
    await expect(startTestRun({ TSDB_PG_BIN: '/nowhere' })).rejects.toThrow(
      'TSDB_PG_BIN=/nowhere has no executable postgres',
    );
  });

  it('uses the TimescaleDB of DATABASE_URL, and leaves it running', async () => {
    const given = testServers('timescaledb')[0] ?? testServers('postgres')[0];
    const run = await startTestRun({ DATABASE_URL: given?.url, PATH: '' });
    const urls = run.servers.map(({ url }) => url);
    expect(urls.includes(given?.url ?? '')).toBe(given?.engine === 'timescaledb');
    await run.stop();
    expect(await probe(given?.url ?? '')).toBeUndefined();
  });
});
