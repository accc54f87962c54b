// Starts, stops and breaks real clusters.
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { embeddedBinaries, findTimescaleBinaries, type ServerBinaries } from './binaries';
import { type Cluster, startCluster } from './cluster';
import { LocalServerError } from './errors';
import { serverFacts, withClient } from './server-facts';
import { lives, postmasterPid, removeFolder, temporaryFolder } from './testing/places';
import { type PreparedCluster, prepareCluster } from './testing/prepared-cluster';
import { quietPort } from './testing/quiet-port';

const embedded = embeddedBinaries();
const timescale = findTimescaleBinaries(process.env);
const flavours: ServerBinaries[] = timescale === undefined ? [embedded] : [embedded, timescale];

let prepared: PreparedCluster;
let folder: string;
let cluster: Cluster | undefined;

beforeAll(async () => {
  prepared = await prepareCluster();
});
afterAll(() => prepared.remove());

beforeEach(() => {
  folder = temporaryFolder();
  cluster = undefined;
});

afterEach(async () => {
  await cluster?.stop();
  removeFolder(folder);
});

const start = async (
  options: { folder?: string; port?: number; settings?: Record<string, string> } = {},
): Promise<Cluster> => {
  cluster = await startCluster({ binaries: embedded, folder, durable: false, ...options });
  return cluster;
};

const run = (url: string, sql: string): Promise<unknown[]> =>
  withClient(url, async (client) => (await client.query(sql)).rows as unknown[]);

const failure = async (): Promise<Error> => {
  const error = await start().then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(LocalServerError);
  return error as Error;
};

const pidNow = (): number => postmasterPid(folder) ?? Number.NaN;

describe('startCluster', () => {
  it.each(flavours)('keeps data and password over a restart: $flavour $version', async (binaries) => {
    const first = await startCluster({ binaries, folder, durable: true });
    await run(first.url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    expect((await serverFacts(first.url)).timescaledb !== undefined).toBe(binaries.flavour === 'timescaledb');
    await first.stop();
    expect(postmasterPid(folder)).toBeUndefined();
    cluster = await startCluster({ binaries, folder, durable: true });
    expect(await run(cluster.url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
    expect(new URL(cluster.url).password).toBe(new URL(first.url).password);
  });

  it('listens on loopback only and asks for the password', async () => {
    const { url } = await start();
    expect(await run(url, 'SHOW listen_addresses')).toEqual([{ listen_addresses: '127.0.0.1' }]);
    await expect(run(url.replace(/:[0-9a-f]{48}@/, ':wrong@'), 'SELECT 1')).rejects.toMatchObject({
      code: '28P01',
    });
    expect(statSync(join(folder, 'password')).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'data')).mode & 0o777).toBe(0o700);
  });

  it('passes settings on, over its own', async () => {
    const { url } = await start({ folder: prepared.folder, settings: { work_mem: '5MB' } });
    expect(await run(url, 'SHOW work_mem')).toEqual([{ work_mem: '5MB' }]);
  });

  it('stops once, however often it is asked to', async () => {
    const { stop } = await start({ folder: prepared.folder });
    const pid = postmasterPid(prepared.folder) ?? Number.NaN;
    expect(lives(pid)).toBe(true);
    await Promise.all([stop(), stop()]);
    expect(lives(pid)).toBe(false);
  });

  it('repairs a first start that was interrupted', async () => {
    mkdirSync(join(folder, 'data.new-interrupted'));
    writeFileSync(join(folder, 'data.new-interrupted', 'PG_VERSION'), '18\n');
    writeFileSync(join(folder, 'timescaledb-as-code.json'), '{}');
    writeFileSync(join(folder, 'password'), 'of the interrupted start');
    await run((await start()).url, 'SELECT 1');
    expect(readdirSync(folder).filter((name) => name.startsWith('data'))).toEqual(['data']);
  });

  it('replays the log of a server that was killed', async () => {
    prepared.copyTo(folder);
    const { url, stop } = await startCluster({ binaries: embedded, folder, durable: true });
    await run(url, 'CREATE TABLE kept AS SELECT 42 AS answer');
    process.kill(pidNow(), 'SIGKILL');
    await stop();
    expect(await run((await start()).url, 'SELECT answer FROM kept')).toEqual([{ answer: 42 }]);
  });

  it('removes a pid file whose number belongs to another program now', async () => {
    prepared.copyTo(folder);
    writeFileSync(join(folder, 'data', 'postmaster.pid'), `${process.pid}\n${folder}/data\n1\n5432\n`);
    await run((await start()).url, 'SELECT 1');
    expect(pidNow()).not.toBe(process.pid);
  });
});

describe('startCluster refuses', () => {
  it('a second start while the first lives, naming its process', async () => {
    await start({ folder: prepared.folder });
    await expect(
      startCluster({ binaries: embedded, folder: prepared.folder, durable: false }),
    ).rejects.toThrow(`${prepared.folder} is in use by process ${process.pid}`);
    await run(cluster?.url ?? '', 'SELECT 1');
  });

  it('a port that is taken', async () => {
    const other = createServer();
    const port = await quietPort();
    await new Promise<void>((resolve) => other.listen(port, '127.0.0.1', resolve));
    await expect(start({ folder: prepared.folder, port })).rejects.toThrow(
      `port ${port} of 127.0.0.1 is in use`,
    );
    await new Promise((resolve) => other.close(resolve));
    expect((await start({ folder: prepared.folder, port })).port).toBe(port);
  });

  it('a broken configuration with the words of the server, and leaves no process', async () => {
    prepared.copyTo(folder);
    appendFileSync(join(folder, 'data', 'postgresql.conf'), 'no_such_setting = on\n');
    const { message } = await failure();
    expect(message).toMatch(/PostgreSQL \S+ in \S+ ended with code 1:\n.*no_such_setting/s);
    expect(message).toContain(`full log: ${join(folder, 'server.log')}`);
    expect(postmasterPid(folder)).toBeUndefined();
    await failure(); // the lock was given back: the second attempt meets the same fault, not the first attempt
  });

  it('data of another major version', async () => {
    prepared.copyTo(folder);
    writeFileSync(join(folder, 'data', 'PG_VERSION'), '9.6\n');
    expect((await failure()).message).toContain('holds data of PostgreSQL 9.6, and the server is PostgreSQL');
  });

  it('a lost password', async () => {
    prepared.copyTo(folder);
    writeFileSync(join(folder, 'password'), 'another');
    expect((await failure()).message).toMatch(/is not ready after 3 s: password authentication failed/);
    expect(postmasterPid(folder)).toBeUndefined();
  });

  it('a folder with things of somebody else, and leaves them alone', async () => {
    writeFileSync(join(folder, 'thesis.txt'), 'mine');
    expect((await failure()).message).toContain('is not empty and was not made by timescaledb-as-code');
    expect(readdirSync(folder)).toEqual(['thesis.txt']);
  });

  it('a file in place of the folder', async () => {
    const file = join(folder, 'file');
    writeFileSync(file, '');
    await expect(
      startCluster({ binaries: embedded, folder: join(file, 'data'), durable: true }),
    ).rejects.toThrow(`${file} is not a folder`);
    expect(readFileSync(file, 'utf8')).toBe('');
    expect(existsSync(join(folder, 'lock'))).toBe(false);
  });
});
