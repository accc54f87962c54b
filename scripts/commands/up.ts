// tsdb up: the whole platform on this machine, from nothing to a page that draws.
import type { Client } from 'pg';
import { createKey, revokeKey } from '../../api/access/keys';
import { readConfig } from '../../api/config';
import { type RunningServer, startServer } from '../../api/server';
import { DatabaseError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import type { Environment } from '../../db/core/settings';
import { type LocalServer, startLocalServer } from '../../db/local/servers';
import type { HazardName, ServerInfo } from '../../db/model';
import { applySchema } from '../../db/reconcile/apply';
import { describeEngine } from '../../db/reconcile/format';
import { asking } from '../../db/server/ask';
import { processEnvironment } from '../../db/server/config';
import { withConnection } from '../../db/server/connection';
import { type Context, connectionUrl, dataFolder, readContext } from '../context';
import { continueSample } from '../generate/continue-sample';
import { hasReadings, lastDays, refreshSeeded, seed } from '../generate/generate';
import { readProgress } from '../generate/progress';
import { iotSample } from '../generate/sets/iot';
import { parseHazards } from '../hazards';
import { note, noteUnlessBar, print } from '../output';
import type { Background } from '../platform/background';
import { requireFreePort } from '../platform/free-port';
import { startLiveReadings } from '../platform/live-readings';
import { describeTiming, timeHourly } from '../platform/raw-vs-aggregate';
import { startScheduler } from '../platform/scheduler';
import { checkAnswers } from '../platform/self-check';
import { type PlatformConsumer, requireStreams, startPlatformConsumer } from '../platform/stream-consumer';
import { applyNotes } from './apply';

export interface UpFlags {
  readonly host: string;
  readonly port: number;
  /** Days of sample data; 0 = none; undefined = not asked for. */
  readonly days?: number;
  readonly sensors: number;
  readonly interval: number;
  readonly data?: string;
  readonly allow?: string;
  readonly once?: boolean;
  /** Whether declared topics of Kafka are consumed. */
  readonly kafka?: boolean;
  /** Whether sample readings go on; undefined = on a terminal, into a server that was started here. */
  readonly live?: boolean;
}

interface UpContext extends Context {
  readonly env: Environment;
  /** Hazards that are accepted. */
  readonly allow: readonly HazardName[];
}

const DEFAULT_DAYS = 30;
const SEED = 1;
const CARRY_OVER = 'docs/data.md#carry-a-local-database-over';

/**
 * Runs until Ctrl-C or until the server that it started ends; with `--once` until everything is up and checked. Whatever happens, nothing is left running.
 * Ctrl-C on a running platform is its normal end: exit code 0. Before that it is an interruption: 130.
 */
export async function up(flags: UpFlags, signal: AbortSignal): Promise<number> {
  const context = readContext();
  const allow = parseHazards(flags.allow ?? '');
  const given = connectionUrl(context.config);
  const env = { ...processEnvironment(), ...(given === undefined ? {} : { DATABASE_URL: given }) };
  if (flags.kafka) requireStreams(env, context.desired);
  await requireFreePort(flags);
  const server = await startLocalServer({
    env,
    dataFolder: dataFolder(env, flags.data),
    durable: true,
  });
  try {
    note(`database: ${server.describe}`);
    for (const folder of server.unused)
      note(`unused: ${folder} has the database of an earlier start; ${CARRY_OVER} says how to carry it over`);
    signal.throwIfAborted();
    return await withConnection(server.url, (db) =>
      runPlatform(db, server, { ...context, allow, env }, flags, signal),
    );
  } finally {
    note('stopping');
    await server.stop();
  }
}

async function runPlatform(
  db: Client,
  server: LocalServer,
  context: UpContext,
  flags: UpFlags,
  signal: AbortSignal,
): Promise<number> {
  const info = await applyDeclared(server, context, signal);
  await provideSampleData(db, server, info, context, flags, signal);
  signal.throwIfAborted();
  const config = readConfig({
    ...context.env,
    DATABASE_URL: server.url,
    HOST: flags.host,
    PORT: String(flags.port),
    LOG_LEVEL: context.env.LOG_LEVEL || 'warn',
  });
  const api = await startServer(config, { signals: 'ignore' });
  const scheduler = info.engine !== 'timescaledb' ? startScheduler(server.url) : undefined;
  let live: Background | undefined;
  let consumer: PlatformConsumer | undefined;
  try {
    live = await startLive(db, server, info, context, flags, signal);
    print(`page and API   ${api.url}/`);
    print(`sensors        ${api.url}/api/sensors`);
    print(`database       ${withoutPassword(server.url)}`);
    const timing = await timeHourly(db);
    if (timing.buckets > 0) print(describeTiming(timing));
    if (flags.data !== undefined) print(`for other commands, set TSDB_DATA=${flags.data}`);
    if (config.auth === 'keys')
      print(
        'keys           required, because other machines can connect; create one with "npm run tsdb -- keys create --name me --role read"',
      );
    if (flags.once) return await finishOnce(db, api, config.auth === 'keys');
    if (flags.kafka) {
      consumer = await startPlatformConsumer({ ...context.env, DATABASE_URL: server.url });
      print(`streams        ${consumer.describe}`);
    }
    print('Ctrl-C stops everything; the data stays for the next start.');
    const how = await Promise.race([aborted(signal), server.ended, ...failureOf(consumer)]);
    if (how !== undefined)
      throw new DatabaseError(
        `PostgreSQL ${how}, so everything stops; the data stays: run "npm start" again`,
      );
    return 0;
  } finally {
    await consumer?.stop();
    await live?.stop();
    await scheduler?.stop();
    await api.close();
  }
}

const failureOf = (consumer: PlatformConsumer | undefined): readonly Promise<never>[] =>
  consumer === undefined ? [] : [consumer.failed.then((error) => Promise.reject(error))];

async function applyDeclared(
  server: LocalServer,
  { config, desired, allow }: UpContext,
  signal: AbortSignal,
): Promise<ServerInfo> {
  const { plan, applied } = await applySchema(server.url, desired, {
    allow,
    lockWaitMs: config.lockWaitMs,
    statementTimeoutMs: config.stepTimeoutMs,
    signal,
    ...applyNotes,
  });
  note(`engine: ${describeEngine(plan.server)}`);
  for (const warning of plan.warnings) note(`warning: ${warning}`);
  note(applied.length === 0 ? 'schema: in sync' : `schema: ${counted(applied.length, 'step')} applied`);
  return plan.server;
}

// Only into an empty table; and into a database of somebody's own only when asked for by --days.
async function provideSampleData(
  db: Client,
  server: LocalServer,
  { engine }: ServerInfo,
  { desired }: UpContext,
  flags: UpFlags,
  signal: AbortSignal,
): Promise<void> {
  if (flags.days === 0) return note('sample data: none, because --days is 0');
  if (await hasReadings(db)) return note('sample data: none, because there are readings already');
  if (server.origin === 'DATABASE_URL' && flags.days === undefined)
    return note('sample data: none, because DATABASE_URL is set; add --days to write it');
  const days = flags.days ?? DEFAULT_DAYS;
  const range = lastDays(days, flags.interval);
  noteUnlessBar(`sample data: writing ${counted(days, 'day')} of ${counted(flags.sensors, 'sensor')}`);
  const started = Date.now();
  const target = { db, engine, desired };
  const rows = await seed(
    target,
    { ...range, sensors: flags.sensors, intervalSeconds: flags.interval, seed: SEED },
    signal,
  );
  note(
    `sample data: ${counted(rows, 'reading')} of ${counted(flags.sensors, 'sensor')} in ${seconds(started)}`,
  );
  const refreshing = Date.now();
  await refreshSeeded(target, desired.aggregates);
  await db.query('ANALYZE');
  note(`aggregates: refreshed in ${seconds(refreshing)}`);
}

/** Brings sample data of an earlier start up to now, and keeps it coming. */
async function startLive(
  db: Client,
  server: LocalServer,
  { engine }: ServerInfo,
  { config, desired }: UpContext,
  flags: UpFlags,
  signal: AbortSignal,
): Promise<Background | undefined> {
  const asked = flags.live ?? (process.stdout.isTTY === true && server.origin !== 'DATABASE_URL');
  if (!asked || flags.once) return undefined;
  const { lockWaitMs } = config;
  const rows = await continueSample({ db, engine, desired }, iotSample, { lockWaitMs, signal });
  if (rows === undefined) {
    if (flags.live) note('live readings: none, because this database contains no sample data');
    return undefined;
  }
  if (rows > 0) note(`live readings: ${counted(rows, 'reading')} added for the time since the last start`);
  const intervalSeconds = (await readProgress(db, iotSample.name))?.options.intervalSeconds ?? flags.interval;
  return startLiveReadings({ url: server.url, engine, desired, intervalSeconds, lockWaitMs });
}

async function finishOnce(db: Client, api: RunningServer, needsKey: boolean): Promise<number> {
  const answers = needsKey
    ? await withTemporaryKey(db, (key) => checkAnswers(api.url, key))
    : await checkAnswers(api.url);
  for (const { path, detail } of answers) print(`checked        ${path}  ${detail}`);
  return 0;
}

async function withTemporaryKey<T>(db: Client, work: (key: string) => Promise<T>): Promise<T> {
  const keys = asking(db);
  const { id, key } = await createKey(keys, { name: 'self-check of tsdb up', role: 'read' });
  try {
    return await work(key);
  } finally {
    await revokeKey(keys, id);
  }
}

function withoutPassword(url: string): string {
  const parsed = new URL(url);
  if (parsed.password !== '') parsed.password = '***';
  return parsed.toString();
}

const seconds = (since: number): string => `${((Date.now() - since) / 1000).toFixed(1)} s`;

const aborted = (signal: AbortSignal): Promise<undefined> =>
  new Promise((done) => {
    if (signal.aborted) done(undefined);
    else signal.addEventListener('abort', () => done(undefined), { once: true });
  });
