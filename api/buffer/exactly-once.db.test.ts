// Every row once: the program is killed, sessions are ended, answers to COMMIT are lost, the API is killed.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Pool } from 'pg';
import { freePort } from '../../db/local/free-port';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { sensorData } from '../../db/schema/iot';
import { fixture } from '../testing/fixture';
import { BufferedWriter } from './buffered-writer';
import { httpSink } from './http-sink';
import type { Sink } from './sink';
import { tableSink } from './table-sink';
import { type Cut, startCuttingProxy } from './testing/cutting-proxy';
import { FEED_BATCHES, FEED_ROWS, feedBatch } from './testing/feed';

const ROOT = join(__dirname, '../..');
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
  async function until(what: () => Promise<boolean>): Promise<void> {
    for (let wait = 0; wait < 3_000; wait += 1) {
      if (await what()) return;
      await sleep(20);
    }
    throw new Error('it did not come to it');
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
      maxInFlight: 2,
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
    const stored = async () => Number((await one(`SELECT count(*) FROM service.ingest_request`)).count);
    const first = feeds();
    await until(async () => (await stored()) >= 3);
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE sensor_data IN EXCLUSIVE MODE');
    // Its rows are on the way: the key is claimed, the COPY waits for the table.
    await until(async () => (await one('SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted')).n > 0);
    await kill(first);
    await blocker.query('ROLLBACK');
    await blocker.end();
    expect((await rowsOf('feed')).rows).toBeLessThan(FEED_BATCHES * FEED_ROWS);

    const last = feeds();
    expect(await once(last, 'exit')).toEqual([0, null]);
    expect(await rowsOf('feed')).toEqual(eachOnce(FEED_BATCHES));
  });

  it('goes on when its sessions are ended', async () => {
    const pool = new Pool({ connectionString: database.url, application_name: 'ended' });
    pool.on('error', () => undefined);
    const writer = writerOn(tableSink({ pool, engine, table: sensorData }));
    const fed = feed(writer, 'ended', FEED_BATCHES).then(() => writer.close());
    for (let ended = 0; ended < 5; ) {
      const { n } = await one(
        `SELECT count(pg_terminate_backend(pid))::int AS n FROM pg_stat_activity WHERE application_name = 'ended' AND state <> 'idle'`,
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
    const pool = new Pool({ connectionString: proxy.url, query_timeout: 1_000 });
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
      await until(async () => (await fetch(`${url}/health/live`).catch(() => undefined))?.ok === true);
      return child;
    };
    const api = await start();
    const writer = writerOn(httpSink({ url, table: sensorData, timeoutMs: 5_000 }));
    const fed = feed(writer, 'http', FEED_BATCHES).then(() => writer.close());
    fed.catch(() => undefined);
    await until(async () => writer.counters().flushes >= 3);
    const blocker = new Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE sensor_data IN EXCLUSIVE MODE');
    await until(async () => (await one('SELECT count(*)::int AS n FROM pg_locks WHERE NOT granted')).n > 0);
    await kill(api);
    await blocker.query('ROLLBACK');
    await blocker.end();
    const again = await start();
    await fed;
    await kill(again);
    expect(await rowsOf('http')).toEqual(eachOnce(FEED_BATCHES));
    expect(writer.counters()).toMatchObject({ written: FEED_BATCHES * FEED_ROWS, flushes: FEED_BATCHES });
    expect(writer.counters().retries).toBeGreaterThan(0);
  });
});
