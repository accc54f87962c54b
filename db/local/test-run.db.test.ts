// A second test run beside this one, and what an earlier one left behind.
import { existsSync, mkdirSync, mkdtempSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { identify } from './process-identity';
import { probe } from './readiness';
import { startTestRun, sweepLeftOvers } from './test-run';
import { testServers } from './test-servers';
import { removeFolder, temporaryFolder } from './testing/places';

// Apart from the folders of the suites that run beside this one.
let parent: string;
beforeEach(() => {
  parent = temporaryFolder();
});
afterEach(() => removeFolder(parent));

/** Last changed at a time, by default now: the clock of a file system need not be that of this process. */
function folderNamed(prefix: string, changed = Date.now() / 1_000): string {
  const folder = mkdtempSync(join(parent, prefix));
  mkdirSync(join(folder, 'data.new-1'));
  utimesSync(folder, changed, changed);
  return folder;
}

describe('startTestRun', () => {
  it('runs beside another run, and removes only what dead runs left', async () => {
    const dead = folderNamed('tsdb-test-dead-');
    writeFileSync(join(dead, 'lock'), JSON.stringify({ ...identify(process.pid), started: 'long ago' }));
    const starting = folderNamed('tsdb-test-starting-');
    const forgotten = folderNamed('tsdb-place-', 1);
    const fresh = folderNamed('tsdb-place-');

    await sweepLeftOvers(parent);
    const run = await startTestRun({ TSDB_LOCAL_SERVER: 'embedded' }, { parent });
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
    await expect(startTestRun(env, { parent })).rejects.toThrow(
      /the server of DATABASE_URL does not answer: .*ECONNREFUSED/,
    );
    await expect(startTestRun({ TSDB_PG_BIN: '/nowhere' }, { parent })).rejects.toThrow(
      'TSDB_PG_BIN=/nowhere has no executable postgres',
    );
  });

  it('uses the TimescaleDB of DATABASE_URL, and leaves it running', async () => {
    const given = testServers('timescaledb')[0] ?? testServers('postgres')[0];
    const run = await startTestRun({ DATABASE_URL: given?.url, PATH: '' }, { parent });
    const urls = run.servers.map(({ url }) => url);
    expect(urls.includes(given?.url ?? '')).toBe(given?.engine === 'timescaledb');
    await run.stop();
    expect(await probe(given?.url ?? '')).toBeUndefined();
  });

  it('uses the Citus of DATABASE_URL with its workers, and refuses the address of a worker', async () => {
    const [given] = testServers('citus');
    if (given === undefined) return; // told by the summary of the run
    const env = { DATABASE_URL: given.url, PATH: '' };
    const worker = { ...env, DATABASE_URL: given.workers?.[0] };
    await expect(startTestRun(worker, { parent })).rejects.toThrow(
      /is not that of a coordinator of Citus.*give the address of the coordinator/,
    );
    const run = await startTestRun(env, { parent });
    const used = run.servers.find(({ engine }) => engine === 'citus');
    expect(used).toMatchObject({ url: given.url, workers: { length: 2 } });
    expect(used?.describe).toMatch(/Citus \S+, coordinator and 2 workers \(DATABASE_URL\)$/);
    await run.stop();
    expect(await probe(given.url)).toBeUndefined();
  });
});
