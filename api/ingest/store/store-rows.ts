// Writes checked rows of one table, with the alerts that they raise.
import type { ClientBase } from 'pg';
import type { ContinuousAggregate } from '../../../db/language/aggregate';
import type { Hypertable } from '../../../db/language/hypertable';
import type { Db, EngineName } from '../../../db/model';
import { ensureChunksAt } from '../../../db/server/copy';
import { SENSOR, type Watched } from '../../alerts/alert-tables';
import { type Alert, evaluate, type Reading, type Threshold } from '../../alerts/evaluate';
import { storeAlerts, thresholdQuery } from '../../alerts/store';
import { chunkSpanMs } from '../read/row-reader';
import type { Row } from '../rows';
import { type Copied, copyRows } from './copy-rows';

/** A table that rows go to. */
export interface Target {
  readonly table: Hypertable;
  /** The aggregates on it. */
  readonly aggregates: readonly ContinuousAggregate[];
  /** Set when readings of the table can raise alerts. */
  readonly watched: Watched | undefined;
}

/** Rows that are ready to be written: there are chunks for them. */
export interface Prepared extends Target {
  readonly rows: readonly Row[];
  readonly thresholds: readonly Threshold[];
}

/**
 * Makes ready for rows, before their transaction: chunks are made under a lock that other writers wait for, and a chunk that
 * stays empty does no harm. Reads the thresholds of the rows' sensors with one query.
 */
export async function prepare(
  db: ClientBase,
  engine: EngineName,
  target: Target,
  rows: readonly Row[],
): Promise<Prepared> {
  const { table, watched } = target;
  const thresholds = watched ? await readThresholds(db, watched, rows) : [];
  if (engine === 'postgres') {
    await ensureChunks(db, table, rows);
    if (watched) {
      const raised = alertsOf({ ...target, rows, thresholds });
      const span = chunkSpanMs(watched.alerts);
      await ensureChunks(
        db,
        watched.alerts,
        raised.map(({ time }) => ({ time, span: Math.floor(Date.parse(`${time.slice(0, 19)}Z`) / span) })),
      );
    }
  }
  return { ...target, rows, thresholds };
}

/** Writes the rows and their alerts, inside the transaction of `db`; `alerts` is the number of alerts. */
export async function storeRows(db: Db, prepared: Prepared): Promise<Copied & { readonly alerts: number }> {
  const copied = await copyRows(db, prepared.table, prepared.rows);
  const alerts = alertsOf({ ...prepared, rows: copied.stored });
  if (prepared.watched) await storeAlerts(db, prepared.watched, alerts);
  return { ...copied, alerts: alerts.length };
}

const INSUFFICIENT_PRIVILEGE = '42501';
const CHUNKS_AT_ONCE = 50;

async function ensureChunks(
  db: ClientBase,
  table: Hypertable,
  rows: readonly Pick<Row, 'time' | 'span'>[],
): Promise<void> {
  // A span lies in one chunk or in two that touch: with its first and last row both are made.
  const spans = new Map<number, { first: string; last: string }>();
  for (const { span, time } of rows) {
    const seen = spans.get(span);
    if (!seen) spans.set(span, { first: time, last: time });
    else if (time < seen.first) seen.first = time;
    else if (time > seen.last) seen.last = time;
  }
  const times = [...spans.values()].flatMap(({ first, last }) => (first === last ? [first] : [first, last]));
  try {
    for (let at = 0; at < times.length; at += CHUNKS_AT_ONCE)
      await ensureChunksAt(db, table, times.slice(at, at + CHUNKS_AT_ONCE));
  } catch (error) {
    // A role that may only write rows: they wait in the default partition until the owner's jobs make the chunk.
    if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error;
  }
}

async function readThresholds(db: Db, watched: Watched, rows: readonly Row[]): Promise<readonly Threshold[]> {
  const place = watched.readings.columnNames.indexOf(SENSOR);
  const sensors = new Set(rows.flatMap(({ texts }) => texts[place] ?? []));
  const { sql, values } = thresholdQuery(watched, [...sensors], 1_000_000);
  return (await db.query<Threshold & { sensor_id: string | number }>(sql, values)).rows;
}

function alertsOf({ table, watched, rows, thresholds }: Prepared): readonly Alert[] {
  if (!watched || thresholds.length === 0) return [];
  return evaluate(readingsOf(table, rows, thresholds), thresholds, watched.metrics);
}

function* readingsOf(
  table: Hypertable,
  rows: readonly Row[],
  thresholds: readonly Threshold[],
): Generator<Reading> {
  const sensors = new Set(thresholds.map(({ sensor_id }) => String(sensor_id)));
  const sensorAt = table.columnNames.indexOf(SENSOR);
  const metrics = [...new Set(thresholds.map(({ metric }) => metric))].map(
    (name) => [name, table.columnNames.indexOf(name)] as const,
  );
  for (const { time, texts } of rows) {
    const sensor_id = texts[sensorAt];
    if (typeof sensor_id !== 'string' || !sensors.has(sensor_id)) continue;
    const values = metrics.map(([name, at]) => [name, numberOf(texts[at])] as const);
    yield { time, sensor_id, values: Object.fromEntries(values) };
  }
}

const numberOf = (text: string | null | undefined): number | null =>
  text === null || text === undefined ? null : Number(text);
