// Every row once, whatever happens in between: the server is killed while it writes, clients hang up, and send again.
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { freePort } from '../../db/local/free-port';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { fixture } from '../testing/fixture';

const ROWS = Number(process.env.TSDB_TEST_INGEST_ROWS ?? 200_000);
const BATCH = 1_000;
const IN_FLIGHT = 5;
const KILLS = 5;
const ROOT = join(__dirname, '../..');

describe.each(testServers())('ingest on $describe', (server) => {
  let database: TestDatabase;
  let child: ChildProcess | undefined;

  beforeAll(async () => {
    database = await createTestDatabase(server, fixture());
  });
  afterAll(async () => {
    child?.kill('SIGKILL');
    await database.drop();
  });

  async function start(port: number): Promise<ChildProcess> {
    const env = { ...process.env, DATABASE_URL: database.url, PORT: String(port), LOG_LEVEL: 'silent' };
    const started = spawn(process.execPath, ['--import', 'tsx', 'api/main.ts'], {
      cwd: ROOT,
      env,
      stdio: 'ignore',
    });
    const live = () => fetch(`http://127.0.0.1:${port}/health/live`).catch(() => undefined);
    await waitFor('the server answers', async () => (await live())?.ok === true, { atMostMs: 60_000 });
    return started;
  }

  it('stores each row exactly once although the server is killed again and again', async () => {
    const port = await freePort();
    const url = `http://127.0.0.1:${port}/api/ingest/sensor_data`;
    const first = Date.now() - ROWS * 100;
    const batches = Math.ceil(ROWS / BATCH);
    const began = performance.now();
    let next = 0;
    let done = 0;
    let sentAgain = 0;
    let replayed = 0;

    const body = (batch: number): string => {
      const rows = Array.from({ length: Math.min(BATCH, ROWS - batch * BATCH) }, (_, at) => {
        const index = batch * BATCH + at;
        const time = new Date(first + index * 100).toISOString();
        return `{"time":"${time}","sensor_id":"sensor_${index % 10}","temperature":${index}}`;
      });
      return rows.join('\n');
    };
    const client = async (): Promise<void> => {
      while (next < batches) {
        const batch = next;
        next += 1;
        const headers = { 'content-type': 'application/x-ndjson', 'idempotency-key': `batch-${batch}` };
        for (let attempt = 1; ; attempt += 1) {
          // Some hang up before the answer comes: the write may be done or not, and they cannot know.
          const patience = attempt === 1 && batch % 10 === 0 ? 10 + ((batch * 37) % 190) : 60_000;
          const signal = AbortSignal.timeout(patience);
          const answer = await fetch(url, { method: 'POST', body: body(batch), headers, signal })
            .then(async (response) => ({
              status: response.status,
              headers: response.headers,
              text: await response.text(),
            }))
            .catch(() => undefined);
          if (answer?.status === 200) {
            if (answer.headers.get('idempotency-replayed') === 'true') replayed += 1;
            break;
          }
          // No answer, or one that says to come again; anything else is a fault.
          if (answer && ![409, 429, 503].includes(answer.status)) throw new Error(answer.text);
          sentAgain += 1;
          await sleep(50);
        }
        done += 1;
      }
    };
    const killer = async (): Promise<void> => {
      for (let kill = 1; kill <= KILLS; kill += 1) {
        await waitFor(`enough is written for kill ${kill}`, () => done >= (batches * kill) / (KILLS + 1), {
          atMostMs: 600_000,
        });
        const ended = child && once(child, 'exit');
        child?.kill('SIGKILL');
        await ended;
        child = await start(port);
      }
    };

    child = await start(port);
    await Promise.all([killer(), ...Array.from({ length: IN_FLIGHT }, client)]);
    const seconds = (performance.now() - began) / 1_000;

    const observer = new Client({ connectionString: database.url });
    await observer.connect();
    const ask = async (sql: string) => (await observer.query(sql)).rows[0];
    const connections = `SELECT count(*)::int AS n FROM pg_stat_activity WHERE application_name = 'tsdb-api' AND datname = current_database()`;
    // What the killed servers left ends as soon as its sockets do; the living one has its pools, 4 that write, 10 that read, 1 probe.
    await waitFor('killed servers leave no connections', async () => (await ask(connections)).n <= 15);
    expect(
      await ask(
        'SELECT count(*)::int AS rows, count(DISTINCT temperature)::int AS different, max(temperature)::int AS last FROM sensor_data',
      ),
    ).toEqual({ rows: ROWS, different: ROWS, last: ROWS - 1 });
    expect((await ask('SELECT count(*)::int AS n FROM service.ingest_request WHERE status = 200')).n).toBe(
      batches,
    );
    expect((await ask('SELECT count(*)::int AS n FROM service.dead_letter')).n).toBe(0);
    expect(sentAgain).toBeGreaterThanOrEqual(KILLS);
    expect(replayed).toBeGreaterThan(0);

    const ended = once(child, 'exit');
    child.kill('SIGINT');
    await ended;
    await waitFor('a server that ends leaves no connections', async () => (await ask(connections)).n === 0);
    await observer.end();
    process.stderr.write(
      `${server.engine}: ${ROWS} rows in ${seconds.toFixed(1)} s with ${KILLS} kills: ${Math.round(ROWS / seconds)} rows/s, ${sentAgain} sent again, ${replayed} replayed\n`,
    );
  }, 900_000);
});
