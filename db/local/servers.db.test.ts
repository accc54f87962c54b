// The server of `tsdb up`: chosen, announced, kept for one process, and given back.
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { findTimescaleBinaries } from './binaries';
import { LocalServerError } from './errors';
import { runningServer } from './lock';
import { withClient } from './server-facts';
import { startLocalServer } from './servers';
import { testServers } from './test-servers';
import { itUnless } from './testing/needs';
import { removeFolder, temporaryFolder } from './testing/places';

jest.mock('./binaries', () => {
  const actual = jest.requireActual<typeof import('./binaries')>('./binaries');
  return { ...actual, findTimescaleBinaries: jest.fn(actual.findTimescaleBinaries) };
});

const { findTimescaleBinaries: reallyFind } = jest.requireActual<typeof import('./binaries')>('./binaries');
const installed = reallyFind(process.env);

let folder: string;
let dataFolder: string;
beforeEach(() => {
  folder = temporaryFolder();
  dataFolder = join(folder, 'data folder'); // a space, as people have them
});
afterEach(() => removeFolder(folder));

/** A PATH whose only program is a `docker` client that finds no engine. */
function pathWithFailingDocker(): string {
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  writeFileSync(join(bin, 'docker'), '#!/bin/sh\necho "Cannot connect to the Docker daemon" >&2\nexit 1\n', {
    mode: 0o755,
  });
  return bin;
}

describe('startLocalServer', () => {
  it('serves the database tsdb to this process and tells others where, until it is stopped', async () => {
    const options = { env: { TSDB_LOCAL_SERVER: 'embedded' }, dataFolder, durable: true };
    const server = await startLocalServer(options);
    expect(server).toMatchObject({
      origin: 'embedded',
      describe: expect.stringMatching(/^PostgreSQL \S+ \(embedded\)$/),
    });
    expect(new URL(server.url).pathname).toBe('/tsdb');
    expect(runningServer(dataFolder)).toBe(server.url);
    expect(statSync(join(dataFolder, 'server.json')).mode & 0o777).toBe(0o600);
    await expect(startLocalServer(options)).rejects.toThrow(`is in use by process ${process.pid}`);
    await withClient(server.url, (client) => client.query('CREATE TABLE kept ()'));
    await server.stop();
    expect(runningServer(dataFolder)).toBeUndefined();

    const again = await startLocalServer(options);
    await withClient(again.url, (client) => client.query('SELECT FROM kept'));
    await again.stop();
  });

  it('names the databases of earlier starts that it does not use', async () => {
    for (const name of ['timescaledb-12', 'docker-timescaledb-17', 'notes'])
      mkdirSync(join(dataFolder, name), { recursive: true });
    const env = { TSDB_LOCAL_SERVER: 'embedded' };
    const server = await startLocalServer({ env, dataFolder, durable: true });
    await server.stop();
    expect(server.unused).toEqual(
      ['docker-timescaledb-17', 'timescaledb-12'].map((name) => join(dataFolder, name)),
    );
  });

  itUnless(installed === undefined ? 'no TimescaleDB is installed' : undefined)(
    'prefers an installed TimescaleDB',
    async () => {
      const server = await startLocalServer({ env: { PATH: process.env.PATH }, dataFolder, durable: false });
      expect(server.describe).toMatch(/^PostgreSQL \S+ \+ TimescaleDB \S+ Community \(installed\)$/);
      await server.stop();
    },
  );

  it('falls through to the embedded PostgreSQL without TimescaleDB and without a Docker engine', async () => {
    jest.mocked(findTimescaleBinaries).mockReturnValueOnce(undefined);
    const server = await startLocalServer({
      env: { PATH: pathWithFailingDocker() },
      dataFolder,
      durable: false,
    });
    expect(server.origin).toBe('embedded');
    await server.stop();
  });

  it('takes DATABASE_URL as it is, and leaves that server alone', async () => {
    const url = testServers('postgres')[0]?.url ?? '';
    const server = await startLocalServer({ env: { DATABASE_URL: url }, dataFolder, durable: true });
    expect(server).toMatchObject({ url, origin: 'DATABASE_URL', unused: [] });
    expect(server.describe).toMatch(/\(DATABASE_URL\)$/);
    await server.stop();
    await withClient(url, (client) => client.query('SELECT 1'));
  });
});

describe('startLocalServer refuses', () => {
  const refusal = async (env: Record<string, string>): Promise<string> => {
    const error = await startLocalServer({ env, dataFolder, durable: false }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(LocalServerError);
    return (error as Error).message;
  };

  it('a DATABASE_URL that does not answer', async () => {
    expect(await refusal({ DATABASE_URL: 'postgresql://u:secret@127.0.0.1:1/db' })).toBe(
      'the server of DATABASE_URL does not answer: connect ECONNREFUSED 127.0.0.1:1; start it, or unset DATABASE_URL for a local one',
    );
  });

  it('a forced choice that is not there, and leaves the folder free', async () => {
    const PATH = pathWithFailingDocker();
    expect(await refusal({ TSDB_LOCAL_SERVER: 'docker', PATH })).toContain(
      'Cannot connect to the Docker daemon',
    );
    jest.mocked(findTimescaleBinaries).mockReturnValueOnce(undefined);
    expect(await refusal({ TSDB_LOCAL_SERVER: 'timescaledb' })).toContain(
      'set TSDB_PG_BIN to its bin folder',
    );
  });
});
