// One round on one system, in an empty database: COPY, refresh, group-by and API reads, with what each takes of time, processor and log.
import type { Client } from 'pg';
import { DatabaseError } from '../../../db/core/errors';
import { relation } from '../../../db/core/sql';
import { aggregateQuery } from '../../../db/language/aggregate-sql';
import { nameOf } from '../../../db/language/names';
import { freePort } from '../../../db/local/free-port';
import type { EngineName } from '../../../db/model';
import { applySchema } from '../../../db/reconcile/apply';
import { sensorData, sensorDataHourly } from '../../../db/schema/iot';
import { processEnvironment } from '../../../db/server/config';
import { withConnection } from '../../../db/server/connection';
import { copyText, ensureChunks } from '../../../db/server/copy';
import { readTableSizes } from '../../../db/server/table-size';
import { refreshAggregates } from '../../../db/upkeep/refresh';
import { apiSettings } from '../api/api-overhead';
import { withProcesses } from '../api/processes';
import { convertOlder } from '../columnstore';
import { httpClient } from '../http-client';
import type { RunControl } from '../in-turns';
import { percentile } from '../report/statistics';
import { pauseAllJobs } from '../year';
import { type ScaleData, scaleSchema } from './scale-data';
import { cpuSeconds, postmasterOf } from './server-cpu';

/** What a piece of work took. */
export interface Cost {
  readonly seconds: number;
  /** Of the processor, on each server of the system, the one that was asked first; null where the system does not tell. */
  readonly cpu: readonly (number | null)[];
  /** Bytes of write-ahead log, of all servers together. */
  readonly logBytes: number;
}

/** What one round on one system found. */
export interface SystemRound {
  readonly copy: Cost;
  readonly refresh: Cost;
  /** The same refresh once more, although nothing has changed. */
  readonly refreshAgain: Cost;
  readonly groupBy: Cost;
  /** The conversion of all chunks to the columnstore; null where the engine has none. */
  readonly convert: Cost | null;
  /** Milliseconds of one answer of the API, the median. */
  readonly apiRead: number;
  /** Bytes of the table before and after the conversion, with indexes. */
  readonly rowBytes: number;
  readonly columnBytes: number | null;
}

const ASKS = 60;

/** The answers that every system must give alike. */
const GROUP_BY = `SELECT count(*)::int AS groups, sum(reading_count)::int AS rows FROM (${aggregateQuery(sensorDataHourly)}) g`;

/**
 * @param url an empty database. @param nodes one address of each server of the system.
 * @throws DatabaseError when a count is not what was written.
 */
export async function measureSystem(
  {
    url,
    nodes,
    engine,
  }: { readonly url: string; readonly nodes: readonly string[]; readonly engine: EngineName },
  { texts, rows, sensors, from, to }: ScaleData,
  control: RunControl,
): Promise<SystemRound> {
  await applySchema(url, scaleSchema, { allow: [], lockWaitMs: 30_000 });
  return withConnection(url, async (db) => {
    await pauseAllJobs(db, engine);
    await ensureChunks(db, engine, sensorData, from, to);
    const cost = await meter(nodes);
    await db.query('CHECKPOINT');
    const copy = await cost(() => copyText(db, relation(sensorData), sensorData.columnNames, texts));
    await requireGroups(
      db,
      { rows, groups: 0 },
      `SELECT count(*)::int AS rows, 0 AS groups FROM ${relation(sensorData)}`,
    );
    await db.query('ANALYZE');
    const refreshAll = async (): Promise<unknown> =>
      refreshAggregates(db, engine, [sensorDataHourly], { from, to });
    const refresh = await cost(refreshAll);
    const refreshAgain = await cost(refreshAll);
    const groups = (rows / 60) | 0;
    const groupBy = await cost(() => requireGroups(db, { rows, groups }, GROUP_BY));
    const apiRead = await readApi(url, sensors);
    const size = async (): Promise<number> =>
      (await readTableSizes(db, engine, [sensorData])).get(nameOf(sensorData))?.bytes ?? 0;
    const rowBytes = await size();
    const convert =
      engine === 'timescaledb' ? await cost(() => convertOlder(db, sensorData, '0 seconds', control)) : null;
    return {
      copy,
      refresh,
      refreshAgain,
      groupBy,
      convert,
      apiRead,
      rowBytes,
      columnBytes: convert && (await size()),
    };
  });
}

/** A meter of all servers of a system. */
async function meter(nodes: readonly string[]): Promise<(work: () => Promise<unknown>) => Promise<Cost>> {
  const postmasters = await Promise.all(nodes.map((node) => withConnection(node, postmasterOf)));
  const written = async (): Promise<number> => {
    const each = await Promise.all(
      nodes.map((node) =>
        withConnection(node, async (db) => {
          const { rows } = await db.query<{ bytes: number }>(
            `SELECT pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS bytes`,
          );
          return rows[0]?.bytes ?? 0;
        }),
      ),
    );
    return each.reduce((sum, bytes) => sum + bytes, 0);
  };
  return async (work) => {
    const logBefore = await written();
    const before = postmasters.map(cpuSeconds);
    const started = performance.now();
    await work();
    const seconds = (performance.now() - started) / 1_000;
    const after = postmasters.map(cpuSeconds);
    const cpu = after.map((value, at) => {
      const first = before[at] ?? null;
      return value === null || first === null ? null : value - first;
    });
    return { seconds, cpu, logBytes: (await written()) - logBefore };
  };
}

async function requireGroups(
  db: Client,
  wanted: { readonly rows: number; readonly groups: number },
  sql: string,
): Promise<void> {
  const { rows: found } = await db.query<{ rows: number; groups: number }>(sql);
  if (found[0]?.rows === wanted.rows && found[0].groups === wanted.groups) return;
  throw new DatabaseError(
    `found ${found[0]?.rows} rows in ${found[0]?.groups} groups, and not ${wanted.rows} in ${wanted.groups}; the figures mean nothing`,
  );
}

/** The hourly figures of one sensor after the other over a week, from the aggregate. */
async function readApi(url: string, sensors: number): Promise<number> {
  const port = await freePort();
  const own = { ...apiSettings(url, port), TSDB_RATE_LIMIT: '1000000' };
  return withProcesses([{ name: 'api-process' }], { env: processEnvironment(), own }, async () => {
    const client = httpClient(port, 1);
    try {
      const times: number[] = [];
      for (let ask = -10; ask < ASKS; ask += 1) {
        const sensor = `sensor_${String(((ask + sensors) % sensors) + 1).padStart(3, '0')}`;
        const time = await client.send(`/api/sensors/${sensor}/hourly?period=1w`);
        if (ask >= 0) times.push(time);
      }
      return percentile(times, 0.5);
    } finally {
      client.close();
    }
  });
}
