// npm run bench:api: what the API costs beside a bare handler with the same SQL, and what the hourly aggregate saves over a
// year. Everything in one run on one server; figures of two runs must not be compared.
import { type ChildProcess, fork } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import autocannon from 'autocannon';
import type { Client } from 'pg';
import { aggregateQuery } from '../../db/aggregate-sql';
import { applySchema } from '../../db/apply';
import { processEnvironment } from '../../db/config';
import { withConnection } from '../../db/connection';
import { desiredFrom } from '../../db/desired';
import { messageOf } from '../../db/errors';
import { freePort } from '../../db/local/free-port';
import { startLocalServer } from '../../db/local/servers';
import { iot, sensorDataHourly } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { lastDays, refreshSeeded, seed } from '../data/seed';
import { note, print, table } from '../output';

const PAIRS = Number(process.argv[2] ?? 9);
const SECONDS = Number(process.argv[3] ?? 5);
const CONNECTIONS = 8;
const SENSORS = 3;
const YEAR_REQUESTS = 200;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-bench-'));
  // Started as root, the server runs as another user, who must be able to get in.
  chmodSync(folder, 0o755);
  const server = await startLocalServer({ env: processEnvironment(), dataFolder: folder, durable: false });
  try {
    print(`${server.describe}; Node ${process.version}; ${cpus().length} × ${cpus()[0]?.model}`);
    await prepare(server.url);
    await compareThroughput(server.url);
    await compareYear(server.url);
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function prepare(url: string): Promise<void> {
  const desired = desiredFrom([iot, service]);
  const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
  await withConnection(url, async (db) => {
    // A year of raw rows is wanted here, and retention would drop all but 90 days of them.
    if (plan.server.engine === 'timescaledb')
      await db.query(
        `SELECT public.alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention'`,
      );
    const rows = await seed(db, plan.server.engine, desired, {
      ...lastDays(365, 60),
      sensors: SENSORS,
      intervalSeconds: 60,
      seed: 1,
    });
    await refreshSeeded(db, plan.server.engine, desired);
    await db.query('ANALYZE');
    note(`${rows} readings of ${SENSORS} sensors over a year`);
  });
}

/** Requests per second of the API and of the bare handler, taken in turns so that both meet the same machine. */
async function compareThroughput(url: string): Promise<void> {
  const [apiPort, barePort] = [await freePort(), await freePort()];
  const env = { ...processEnvironment(), DATABASE_URL: url, LOG_LEVEL: 'warn', PORT: String(apiPort) };
  const api = start('api-process', [], env);
  const bare = start('bare-handler', [String(barePort)], env);
  try {
    await Promise.all([listening(api), listening(bare)]);
    const apiUrl = `http://127.0.0.1:${apiPort}/api/sensors/sensor_001/hourly?period=1w`;
    const bareUrl = `http://127.0.0.1:${barePort}/?sensor=sensor_001`;
    await load(apiUrl, 2);
    await load(bareUrl, 2);
    const pairs: { api: number; bare: number }[] = [];
    for (let pair = 0; pair < PAIRS; pair += 1) {
      pairs.push({ api: await load(apiUrl, SECONDS), bare: await load(bareUrl, SECONDS) });
    }
    const ratios = pairs.map((pair) => pair.api / pair.bare).sort((a, b) => a - b);
    print(`\nhourly of a week (169 rows), ${CONNECTIONS} connections, ${PAIRS} pairs of ${SECONDS} s`);
    print(
      table(
        ['', 'requests/s, median', 'range'],
        [
          ['API', ...spread(pairs.map((pair) => pair.api))],
          ['bare handler', ...spread(pairs.map((pair) => pair.bare))],
          ['ratio', ...spread(ratios, 2)],
        ],
      ),
    );
  } finally {
    await Promise.all([end(api), end(bare)]);
  }
}

/** Latency of the hourly endpoint over a year, and of the same buckets computed from raw rows. */
async function compareYear(url: string): Promise<void> {
  const port = await freePort();
  const api = start('api-process', [], {
    ...processEnvironment(),
    DATABASE_URL: url,
    LOG_LEVEL: 'warn',
    PORT: String(port),
  });
  try {
    await listening(api);
    const address = `http://127.0.0.1:${port}/api/sensors/sensor_001/hourly?period=1y`;
    const through: number[] = [];
    let rows = 0;
    for (let request = 0; request < YEAR_REQUESTS + 5; request += 1) {
      const started = performance.now();
      const answer = (await (await fetch(address)).json()) as { count: number };
      rows = answer.count;
      if (request >= 5) through.push(performance.now() - started);
    }
    const [stored, raw] = await withConnection(url, async (db) => [
      await timed(db, `SELECT * FROM sensor_data_hourly WHERE sensor_id = 'sensor_001'`, 30),
      await timed(db, aggregateQuery(sensorDataHourly, `sensor_id = 'sensor_001'`), 15),
    ]);
    print(`\nhourly of a year (${rows} rows of one sensor, 525,600 readings)`);
    print(
      table(
        ['', 'p50 ms', 'p95 ms'],
        [
          ['API, whole answer', percentile(through, 0.5), percentile(through, 0.95)],
          ['SQL on the aggregate', percentile(stored, 0.5), percentile(stored, 0.95)],
          ['SQL on the raw rows', percentile(raw, 0.5), percentile(raw, 0.95)],
        ],
      ),
    );
  } finally {
    await end(api);
  }
}

async function timed(db: Client, sql: string, runs: number): Promise<number[]> {
  const times: number[] = [];
  await db.query('SET search_path = public');
  for (let run = 0; run <= runs; run += 1) {
    const started = performance.now();
    await db.query(sql);
    if (run > 0) times.push(performance.now() - started);
  }
  return times;
}

async function load(url: string, duration: number): Promise<number> {
  const { non2xx, errors, requests } = await autocannon({ url, duration, connections: CONNECTIONS });
  if (non2xx > 0 || errors > 0) throw new Error(`${url}: ${non2xx} answers were not 200, ${errors} failed`);
  return requests.total / duration;
}

function start(name: string, args: readonly string[], env: NodeJS.ProcessEnv): ChildProcess {
  return fork(join(__dirname, `${name}.ts`), args, { env, execArgv: ['--import', 'tsx'] });
}

/** Before the database goes: a server that is left alone would complain. */
async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.disconnect();
  await gone;
}

async function listening(child: ChildProcess): Promise<void> {
  await new Promise<void>((done, fail) => {
    child.once('message', () => done());
    child.once('exit', (code) => fail(new Error(`the server under test ended with ${code}`)));
  });
}

const spread = (values: readonly number[], digits = 0): [string, string] => {
  const sorted = [...values].sort((a, b) => a - b);
  return [
    percentile(sorted, 0.5, digits),
    `${(sorted[0] ?? 0).toFixed(digits)}–${(sorted.at(-1) ?? 0).toFixed(digits)}`,
  ];
};

function percentile(values: readonly number[], fraction: number, digits = 1): string {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * fraction))] ?? 0).toFixed(digits);
}

main().catch((error: unknown) => {
  note(messageOf(error));
  process.exitCode = 1;
});
