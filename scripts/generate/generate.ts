// Sample data: sets of declared tables go in, rows in the database and their number come out. Written slice by slice, so that a
// run that was interrupted is continued from its last slice. The same options give the same rows, on every machine.
// - `sample`: what a set is; `sets/`: the sets; `random`: numbers that depend on a seed and the time only
// - `batches`: walks a set through time; `progress`: how far each set has come
import type { Client } from 'pg';
import { RefusedError } from '../../db/core/errors';
import { relation } from '../../db/core/sql';
import type { ContinuousAggregate } from '../../db/language/aggregate';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import { parseDuration } from '../../db/language/interval';
import { lengthBounds } from '../../db/language/interval-bounds';
import { nameOf } from '../../db/language/names';
import type { EngineName } from '../../db/model';
import { sensorData, sensorDataMonthly } from '../../db/schema/iot';
import { withTransaction } from '../../db/server/connection';
import { copyText, ensureChunks } from '../../db/server/copy';
import { type RefreshResult, refreshAggregates } from '../../db/upkeep/refresh';
import type { RefreshWindow } from '../../db/upkeep/refresh-slices';
import { progressBar } from '../output';
import { batches, type Steps, stepCount } from './batches';
import { ensureProgress, moveProgress, readProgress, type SeedProgress, startProgress } from './progress';
import type { SampleOptions, SampleSet } from './sample';
import { iotSample } from './sets/iot';

/** A series of sensor readings without gaps and outliers. */
export interface SeriesOptions extends Steps {
  readonly sensors: number;
  /** Seconds between two readings of a sensor. */
  readonly intervalSeconds: number;
  readonly seed: number;
}

/** Where rows go to. */
export interface Target {
  readonly db: Client;
  readonly engine: EngineName;
  readonly desired: Desired;
}

/** Whether there are readings, or buckets of readings that retention has dropped since. */
export async function hasReadings(db: Client): Promise<boolean> {
  const { rows } = await db.query<{ present: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM ${relation(sensorData)}) OR EXISTS (SELECT 1 FROM ${relation(sensorDataMonthly)}) AS present`,
  );
  return rows[0]?.present === true;
}

/**
 * Writes sensor readings into a table that has no history yet, all of them or none; `refreshSeeded` comes after it.
 * @returns the number of readings.
 * @throws the signal's reason when it was stopped.
 */
export async function seed(
  target: Target,
  { from, to, sensors, ...series }: SeriesOptions,
  signal?: AbortSignal,
): Promise<number> {
  const { intervalSeconds, seed } = series;
  const options = { series: sensors, intervalSeconds, seed, gaps: 0, outliers: 0 };
  return withTransaction(target.db, async () => {
    await beginSet(target, iotSample, options, from);
    const rows = await continueSet(target, iotSample, to, { slice: (write) => write(), signal });
    return rows.get(nameOf(sensorData)) ?? 0;
  });
}

/** Stores where a set begins, and writes its rows that do not change. It runs in the caller's transaction. */
export async function beginSet(
  { db }: Target,
  set: SampleSet,
  options: SampleOptions,
  from: Date,
): Promise<void> {
  await ensureProgress(db);
  const state = JSON.stringify(set.begin(options));
  await startProgress(db, set.name, { options, from, state });
  if (!set.registry) return;
  const { table, lines } = set.registry;
  // Thresholds that somebody else has written stay as they are.
  const { rows } = await db.query(`SELECT 1 FROM ${relation(table)} LIMIT 1`);
  if (rows.length === 0) await copyText(db, relation(table), table.columnNames, [lines(options)]);
}

export interface ContinueOptions {
  /** Carries out one slice; by default each is a transaction of its own. */
  readonly slice?: (write: () => Promise<void>) => Promise<void>;
  readonly signal?: AbortSignal | undefined;
  /** Says nothing about the progress. */
  readonly quiet?: boolean;
}

/**
 * Continues a set up to `to`, day by day. The rows of a day, the progress and the list of aggregates to refresh are written
 * in one transaction, so a run can be killed at any moment and continued later with the same rows.
 * @returns the number of rows by table.
 * @throws RefusedError when another run writes the same set.
 */
export async function continueSet(
  target: Target,
  set: SampleSet,
  to: Date,
  { slice = (write) => withTransaction(target.db, write), signal, quiet = false }: ContinueOptions = {},
): Promise<ReadonlyMap<string, number>> {
  const written = new Map(set.tables.map((table) => [nameOf(table), 0]));
  const first = await progressOf(target.db, set);
  const span = (from: Date, until: Date): number =>
    stepCount({ from, to: until }, first.options.intervalSeconds);
  const bar = quiet ? undefined : progressBar(`sample data ${set.name}`, span(first.next, to), 'steps');
  try {
    for (let progress = first; progress.next < to; progress = await progressOf(target.db, set)) {
      signal?.throwIfAborted();
      const before = progress;
      await slice(() =>
        writeSlice(target, set, before, to, (table, rows, next) => {
          written.set(table, (written.get(table) ?? 0) + rows);
          bar?.advanceTo(span(first.next, new Date(next)));
          signal?.throwIfAborted();
        }),
      );
    }
    return written;
  } finally {
    bar?.stop();
  }
}

const DAY_MS = 86_400_000;

async function writeSlice(
  target: Target,
  set: SampleSet,
  { options, next, state }: SeedProgress,
  to: Date,
  onRows: (table: string, rows: number, next: number) => void,
): Promise<void> {
  const { db, engine, desired } = target;
  // A slice ends at midnight, where chunks of all tables begin.
  const midnight = (Math.floor(next.getTime() / DAY_MS) + 1) * DAY_MS;
  const end = new Date(Math.min(midnight, to.getTime()));
  const steps = stepCount({ from: next, to: end }, options.intervalSeconds);
  const after = new Date(next.getTime() + steps * options.intervalSeconds * 1000);
  const moving = JSON.parse(state) as object;
  const wanted = set.tables.map((table) => !isExpired(table, desired.aggregates, after, to));
  for (const [at, table] of set.tables.entries())
    if (wanted[at]) await ensureChunks(db, engine, table, next, after);
  for (const { lines, next: reached } of batches(set, moving, options, { from: next, to: end })) {
    for (const [at, table] of set.tables.entries()) {
      const text = lines[at] as string;
      if (!wanted[at] || text === '') continue;
      onRows(nameOf(table), await copyText(db, relation(table), table.columnNames, pieces(text)), reached);
    }
  }
  // A run that is killed before its refresh is done leaves a difference that the next apply repairs. Without it the
  // policies would move the watermark to now, and older buckets would never be computed.
  await db.query(
    'INSERT INTO tsdb.pending_refresh (aggregate) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING',
    [aggregatesOf(set, desired).map(nameOf)],
  );
  if (!(await moveProgress(db, set.name, next, { next: after, state: JSON.stringify(moving) })))
    throw new RefusedError(
      `another "tsdb seed" writes set ${set.name} at the same time; nothing of this run's last day was kept. Wait for it to end`,
    );
}

// A row that retention would drop at once is left out, unless an aggregate keeps what is computed from it.
function isExpired(
  table: Hypertable,
  aggregates: readonly ContinuousAggregate[],
  end: Date,
  now: Date,
): boolean {
  if (table.retention === undefined || aggregates.some(({ from }) => nameOf(from) === nameOf(table)))
    return false;
  return end.getTime() < now.getTime() - lengthBounds(parseDuration(table.retention)).longest / 1_000;
}

// Given in pieces, because a stream would copy one long text once more.
function* pieces(text: string): Generator<string> {
  for (let at = 0; at < text.length; at += 131_072) yield text.slice(at, at + 131_072);
}

async function progressOf(db: Client, set: SampleSet): Promise<SeedProgress> {
  const progress = await readProgress(db, set.name);
  if (progress) return progress;
  throw new RefusedError(
    `the progress of set ${set.name} is gone from tsdb.seed_progress; empty its tables and seed again`,
  );
}

/** The aggregates that are built on tables of a set, in order of dependency. */
export function aggregatesOf(set: SampleSet, { aggregates }: Desired): readonly ContinuousAggregate[] {
  const tables = new Set(set.tables.map(nameOf));
  const reaches = ({ from }: ContinuousAggregate): boolean =>
    tables.has(nameOf(from)) || (from.kind === 'aggregate' && reaches(from));
  return aggregates.filter(reaches);
}

export interface RefreshOptions {
  readonly window?: RefreshWindow;
  readonly onDone?: (result: RefreshResult) => void;
}

/** Computes the aggregates of rows that were just written: all of their history, or a window of it. */
export async function refreshSeeded(
  { db, engine }: Pick<Target, 'db' | 'engine'>,
  aggregates: readonly ContinuousAggregate[],
  { window = {}, onDone }: RefreshOptions = {},
): Promise<void> {
  await refreshAggregates(db, engine, aggregates, window, onDone);
  await forgetPending(db, aggregates);
}

/** Notes that the aggregates need no refresh any more. */
export async function forgetPending(db: Client, aggregates: readonly ContinuousAggregate[]): Promise<void> {
  await db.query('DELETE FROM tsdb.pending_refresh WHERE aggregate = ANY ($1)', [aggregates.map(nameOf)]);
}

/** The last `days` days up to now, on whole intervals. */
export function lastDays(days: number, intervalSeconds: number, now = new Date()): Steps {
  const step = intervalSeconds * 1000;
  const to = Math.floor(now.getTime() / step) * step;
  return { from: new Date(to - days * DAY_MS), to: new Date(to) };
}
