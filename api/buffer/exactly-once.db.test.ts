// Every row once: the program is killed, sessions are ended, answers to COMMIT are lost, the API is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Client, Pool } from 'pg';
import { freePort } from '../../db/local/free-port';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { sensorData } from '../../db/schema/iot';
import { fixture } from '../testing/fixture';
import { holdKeys, holdTable } from '../testing/held-table';
import { BufferedWriter } from './buffered-writer';
import { httpSink } from './http-sink';
import type { Sink } from './sink';
import { tableSink } from './table-sink';
import { type Cut, startCuttingProxy } from './testing/cutting-proxy';
import { FEED_BATCHES, FEED_ROWS, feedBatch } from './testing/feed';

const ROOT = join(__dirname, '../..');
/** As many batches are under way at a time; feed-child.ts does the same. */
const IN_FLIGHT = 2;
type FeedRow = ReturnType<typeof feedBatch>[number];

describe.each(testServers())('buffered writes on $describe', (server) => {
  const { engine } = server;
  let database: TestDatabase;
  let observer: Client;
  const children = new Set<ChildProcess>();

  beforeAll(async () => {
    database = await createTestDatabase(server, fixture());
    observer = new Client({ connectionString: database.url });
    await observer.connect();
  });
  afterAll(async () => {
    for (const child of children) child.kill('SIGKILL');
    await observer.end();
    await database.drop();
  });

  const one = async (sql: string, values: unknown[] = []) => (await observer.query(sql, values)).rows[0];
  const rowsOf = (sensor: string) =>
    one(
      'SELECT count(*)::int AS rows, count(DISTINCT temperature)::int AS different, max(temperature)::int AS last FROM sensor_data WHERE sensor_id = $1',
      [sensor],
    );
  const eachOnce = (batches: number) => {
    const rows = batches * FEED_ROWS;
    return { rows, different: rows, last: rows - 1 };
  };
  /**
   * Catches a feed that begins after this call, whoever is faster: three batches are stored, the keys of the next two are
   * claimed, and their rows are on the way: they wait for the table while the returned function does its work.
   */
  async function catchFeed(client: string, name: string) {
    const keys = await holdKeys(
      database.url,
      client,
      [3, 4].map((batch) => `${name}-${batch}`),
    );
    return async (work: () => Promise<void>): Promise<void> => {
      await keys.hasWaiting(IN_FLIGHT);
      const table = await holdTable(database.url, 'EXCLUSIVE');
      await keys.release();
      await table.hasWaiting(IN_FLIGHT);
      await work();
      await table.release();
    };
  }
  function run(file: string, env: NodeJS.ProcessEnv = {}): ChildProcess {
    const child = spawn(process.execPath, ['--import', 'tsx', file], {
      cwd: ROOT,
      env: { ...process.env, DATABASE_URL: database.url, LOG_LEVEL: 'silent', ...env },
      stdio: 'ignore',
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    return child;
  }
  async function kill(child: ChildProcess): Promise<void> {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
  const writerOn = (sink: Sink<FeedRow>) =>
    new BufferedWriter(sink, {
      maxInFlight: IN_FLIGHT,
      onRefused: (refused) => {
        throw new Error(refused[0]?.reason);
      },
    });
  async function feed(writer: BufferedWriter<FeedRow>, sensor: string, batches: number): Promise<void> {
    for (let batch = 0; batch < batches; batch += 1)
      await writer.addBatch(feedBatch(sensor, batch), `${sensor}-${batch}`);
  }

  it('stores a program that is killed in the middle of a batch and run again', async () => {
    const feeds = () => run('api/buffer/testing/feed-child.ts');
    const inTheMiddle = await catchFeed('buffered-writer', 'feed');
    const first = feeds();
    await inTheMiddle(() => kill(first));
    expect(await rowsOf('feed')).toEqual(eachOnce(3));

    const last = feeds();
    expect(await once(last, 'exit')).toEqual([0, null]);
    expect(await rowsOf('feed')).toEqual(eachOnce(FEED_BATCHES));
  });

  it('goes on when its sessions are ended', async () => {
    const pool = new Pool({ connectionString: database.url, application_name: 'ended' });
    pool.on('error', () => undefined);
    const writer = writerOn(tableSink({ pool, engine, table: sensorData }));
    const table = await holdTable(database.url, 'EXCLUSIVE');
    const fed = feed(writer, 'ended', FEED_BATCHES).then(() => writer.close());
    // Two in the middle of their rows, and then wherever they happen to be.
    await table.hasWaiting(IN_FLIGHT);
    let ended = await table.endWaiting();
    await table.release();
    while (ended < 5) {
      const { n } = await one(
        `SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'ended' AND state <> 'idle'`,
      );
      ended += n;
      if (writer.counters().written === FEED_BATCHES * FEED_ROWS) break;
    }
    await fed;
    await pool.end();
    expect(await rowsOf('ended')).toEqual(eachOnce(FEED_BATCHES));
    expect(writer.counters().retries).toBeGreaterThan(0);
  });

  it.each<Cut>(['lost', 'answered', 'silent'])('stores once when a COMMIT is %s', async (cut) => {
    const proxy = await startCuttingProxy(database.url, [cut, cut]);
    // Only silence has to be waited for: any other answer that comes late would be one more try.
    const pool = new Pool({ connectionString: proxy.url, query_timeout: cut === 'silent' ? 3_000 : 60_000 });
    pool.on('error', () => undefined);
    const writer = writerOn(tableSink({ pool, engine, table: sensorData }));
    await feed(writer, cut, 4);
    await writer.close();
    await pool.end();
    await proxy.close();
    expect(await rowsOf(cut)).toEqual(eachOnce(4));
    expect([proxy.cuts, writer.counters().retries]).toEqual([2, 2]);
  });

  it('stores once through an API that is killed and started again', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}`;
    const start = async () => {
      const child = run('api/main.ts', { PORT: String(port) });
      await waitFor(
        'the API answers',
        async () => (await fetch(`${url}/health/live`).catch(() => undefined))?.ok === true,
        { atMostMs: 60_000 },
      );
      return child;
    };
    const api = await start();
    const inTheMiddle = await catchFeed('', 'http');
    const writer = writerOn(httpSink({ url, table: sensorData, timeoutMs: 60_000 }));
    const fed = feed(writer, 'http', FEED_BATCHES).then(() => writer.close());
    fed.catch(() => undefined);
    await inTheMiddle(() => kill(api));
    const again = await start();
    await fed;
    await kill(again);
    expect(await rowsOf('http')).toEqual(eachOnce(FEED_BATCHES));
    expect(writer.counters()).toMatchObject({ written: FEED_BATCHES * FEED_ROWS, flushes: FEED_BATCHES });
    expect(writer.counters().retries).toBeGreaterThan(0);
  });
});
