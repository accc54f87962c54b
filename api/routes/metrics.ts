// Metrics of this process and its answers, in the text format of Prometheus.
import { Type } from '@fastify/type-provider-typebox';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { deadLetters } from '../../db/schema/service';
import type { Database } from '../database/database';
import type { Freshness } from '../database/freshness';
import { query } from '../database/query';
import { type ServerWatch, TROUBLES, type TroubleName } from '../database/server-state';
import { NoQuery } from '../http/common-schemas';
import type { ApiApp } from '../http/instance';
import { problemResponses } from '../http/problems';
import { withinTime } from '../http/time-limit';
import { LETTER_COUNTS, type LetterCount } from '../ingest/store/dead-letters';
import type { RouteParts } from '../parts';

/** Rows of writes by table; the ingest route counts them. */
export interface IngestCounters {
  readonly accepted: Counter<'table'>;
  readonly rejected: Counter<'table'>;
}

declare module 'fastify' {
  interface FastifyInstance {
    ingestCounters: IngestCounters;
  }
}

// From a fast answer to the default time limit of a query.
const SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];
const WITHIN_MS = 1_000;

/** Adds `GET /metrics` and measures every answer. Each app has its own metrics; those of the process are shared. */
export function metrics(app: ApiApp, { database, freshness, serverWatch, config, tables }: RouteParts): void {
  const registers = [new Registry()];
  measureAnswers(app, registers);
  measurePools(database, registers);
  measureStandbys(database, registers);
  measureFreshness(freshness, registers);
  measureState(serverWatch, registers);
  if (config.desired.tables.includes(deadLetters)) measureLetters(database, tables, registers);
  const rows = (outcome: string) =>
    new Counter({
      name: `tsdb_ingest_rows_${outcome}_total`,
      help: `Rows of writes that were ${outcome}`,
      labelNames: ['table'] as const,
      registers,
    });
  app.decorate('ingestCounters', { accepted: rows('accepted'), rejected: rows('rejected') });
  // Not in a plugin of its own, because access control is added to this instance later and must guard this route. But after the
  // OpenAPI plugin, which must see the route, too.
  app.after(() => addRoute(app, registers));
}

function addRoute(app: ApiApp, registers: readonly Registry[]): void {
  app.get(
    '/metrics',
    {
      schema: {
        tags: ['health'],
        operationId: 'metrics',
        summary: 'Metrics of this process for Prometheus',
        querystring: NoQuery,
        response: {
          200: {
            description: 'Metrics in the text format of Prometheus',
            content: { 'text/plain': { schema: Type.String() } },
          },
          ...problemResponses,
        },
      },
    },
    async (_request, reply) => {
      const texts = await Promise.all(
        [...registers, processRegister()].map((register) => register.metrics()),
      );
      return reply
        .header('cache-control', 'no-store')
        .type(Registry.PROMETHEUS_CONTENT_TYPE)
        .send(texts.join('\n'));
    },
  );
}

function measureAnswers(app: ApiApp, registers: Registry[]): void {
  const duration = new Histogram({
    name: 'http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: SECONDS,
    registers,
  });
  const problems = new Counter({
    name: 'tsdb_problems_total',
    help: 'Answers that were a problem document, by its type',
    labelNames: ['problem'] as const,
    registers,
  });
  const inFlight = new Gauge({ name: 'http_requests_in_flight', help: 'Requests being answered', registers });
  app.addHook('onRequest', (_request, reply, done) => {
    inFlight.inc();
    // Also counts clients that disconnect, which no hook reports.
    reply.raw.once('close', () => inFlight.dec());
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    // Label by route pattern; raw URLs would create unbounded series.
    const route = request.routeOptions.url ?? 'unknown';
    if (request.problem) problems.inc({ problem: request.problem });
    duration.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1_000);
    done();
  });
}

function measurePools(database: Database, registers: Registry[]): void {
  const pools = {
    reader: database.reader,
    writer: database.writer,
    keys: database.keys,
    probe: database.probe,
    ...Object.fromEntries(database.reads.standbys.all.map(({ name, pool }) => [`standby ${name}`, pool])),
  };
  const gauge = (name: string, help: string, read: (pool: Database['reader']) => number): void => {
    new Gauge({
      name: `tsdb_pool_${name}`,
      help,
      labelNames: ['pool'] as const,
      registers,
      collect() {
        for (const [label, pool] of Object.entries(pools)) this.set({ pool: label }, read(pool));
      },
    });
  };
  gauge('connections', 'Connections to the database', (pool) => pool.totalCount);
  gauge('connections_idle', 'Connections that are idle', (pool) => pool.idleCount);
  gauge('requests_waiting', 'Requests that wait for a connection', (pool) => pool.waitingCount);
}

function measureStandbys({ reads: { counts, standbys } }: Database, registers: Registry[]): void {
  const counter = (name: string, help: string, label: string, values: ReadonlyMap<string, number>): void => {
    new Counter({
      ...{ name, help, labelNames: [label], registers },
      collect() {
        this.reset();
        for (const [value, count] of values) this.inc({ [label]: value }, count);
      },
    });
  };
  counter('tsdb_reads_total', 'Reads of rows and figures, by who answered', 'answered_by', counts.answered);
  counter(
    'tsdb_reads_repeated_total',
    'Reads that a standby did not answer, and the primary answered instead',
    'standby',
    counts.repeated,
  );
  if (standbys.all.length === 0) return;
  new Gauge({
    name: 'tsdb_standby_lag_seconds',
    help: 'How far a standby is behind at most; absent while it is not known',
    labelNames: ['standby'] as const,
    registers,
    collect() {
      this.reset();
      for (const { name, lagSeconds } of standbys.all) {
        const lag = lagSeconds();
        if (lag !== undefined) this.set({ standby: name }, lag);
      }
    },
  });
  new Gauge({
    name: 'tsdb_standby_usable',
    help: '1 while a standby answers reads, 0 while the primary answers in its place; the log has the reason',
    labelNames: ['standby'] as const,
    registers,
    collect() {
      for (const { name, trouble } of standbys.all)
        this.set({ standby: name }, trouble() === undefined ? 1 : 0);
    },
  });
}

/** Best effort: while the database is unreachable or busy, its metrics are absent and the scrape does not wait. */
const ifInTime = <T>(work: Promise<T>): Promise<T | undefined> =>
  withinTime(
    WITHIN_MS,
    work.catch(() => undefined),
    () => undefined,
  );

function measureFreshness(freshness: Freshness, registers: Registry[]): void {
  new Gauge({
    name: 'tsdb_aggregate_watermark_seconds',
    help: 'Time up to which an aggregate is stored, in seconds since 1970; absent while it has no complete bucket',
    labelNames: ['aggregate'] as const,
    registers,
    async collect() {
      const watermarks = await ifInTime(freshness.watermarks());
      this.reset();
      for (const [aggregate, watermark] of watermarks ?? []) {
        if (watermark !== null) this.set({ aggregate }, Date.parse(watermark) / 1_000);
      }
    },
  });
}

/** Counts the dead letters of each table; those of points that no table takes are under `none`. */
function measureLetters(
  database: Database,
  tables: ReadonlyMap<string, unknown>,
  registers: Registry[],
): void {
  new Gauge({
    name: 'tsdb_dead_letters',
    help: 'Rejected rows that are kept until they are replayed or deleted; absent while the database cannot be reached',
    labelNames: ['table'] as const,
    registers,
    async collect() {
      const counts = await ifInTime(query<LetterCount>(database.reader, LETTER_COUNTS));
      this.reset();
      if (counts !== undefined) this.set({ table: 'none' }, 0);
      for (const { table_name, letters } of counts ?? [])
        this.inc({ table: tables.has(table_name) ? table_name : 'none' }, letters);
    },
  });
}

function measureState(serverWatch: ServerWatch, registers: Registry[]): void {
  new Gauge({
    name: 'tsdb_database_trouble',
    help: '1 while the database answers but cannot serve reads or writes, by the problem that requests get; absent while it cannot be reached',
    labelNames: ['problem'] as const,
    registers,
    async collect() {
      const state = await ifInTime(serverWatch.state());
      this.reset();
      if (state === undefined) return;
      for (const problem of Object.keys(TROUBLES) as TroubleName[])
        this.set({ problem }, state.troubles.has(problem) ? 1 : 0);
    },
  });
}

/** Gauges that have the names of counters, which Prometheus' own check refuses. The same numbers by type have good names. */
const MISNAMED = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
];

let ofProcess: Registry | undefined;

// The default metrics observe garbage collection and the event loop once they exist, so they are created once and not at import.
function processRegister(): Registry {
  if (ofProcess === undefined) {
    ofProcess = new Registry();
    collectDefaultMetrics({ register: ofProcess, eventLoopMonitoringPrecision: 50 });
    for (const name of MISNAMED) ofProcess.removeSingleMetric(name);
  }
  return ofProcess;
}
