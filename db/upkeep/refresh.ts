// Refreshes continuous aggregates, sources first. History whose source rows are gone is never touched without consent.
import { DatabaseError } from '../core/errors';
import { relation } from '../core/sql';
import { readWatermarks } from '../engines/health';
import { readStored } from '../engines/stored-aggregates';
import type { ContinuousAggregate } from '../language/aggregate';
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, EngineName } from '../model';
import { asking } from '../server/ask';
import { withRetry } from '../server/retry';
import { isOverflow } from '../server/uncarried-rows';
import { type Bounds, type Kept, type SafeParts, safeParts } from './history-guard';
import { describeOverflow, overflowing, stretchOf } from './overflow';
import { openSlices, type RefreshWindow, type Slices } from './refresh-slices';

export interface RefreshOptions {
  /** Also computes buckets that TimescaleDB considers fresh. Engine `postgres` always computes the whole window. */
  readonly force?: boolean;
  /** Also computes buckets whose source rows are gone: what is stored of these rows is lost. */
  readonly losesHistory?: boolean;
  /** Number of buckets in one slice. Each slice has its own transaction; absent means one slice for the whole window. */
  readonly batch?: number;
  /** Refreshes the newest slices first. After the watermark the oldest go first, because otherwise real-time rows would be hidden. */
  readonly newestFirst?: boolean;
  /** Stops the work after the present slice. */
  readonly signal?: AbortSignal;
  readonly onSlice?: (progress: RefreshProgress) => void;
}

/** Progress of the refresh of one aggregate, in buckets, including buckets without rows. */
export interface RefreshProgress {
  readonly aggregate: string;
  readonly done: number;
  readonly total: number;
}

export interface RefreshResult {
  readonly aggregate: string;
  /** The range that was refreshed, ISO 8601; null when the window contained no complete bucket. */
  readonly from: string | null;
  readonly to: string | null;
  /** Stored buckets of the range that were left as they are, because source rows of them are gone or past retention. */
  readonly kept: Kept | null;
  /** Number of transactions. */
  readonly slices: number;
  /** False when a signal stopped it; then `from` and `to` are the range that was done. */
  readonly complete: boolean;
  readonly milliseconds: number;
}

type Done = Pick<RefreshResult, 'from' | 'to' | 'kept' | 'slices' | 'complete'>;

/**
 * Refreshes the given aggregates in the order of their dependencies. After a signal, aggregates that were not begun have no result.
 * Stored buckets whose source rows are gone are left out, see `safeParts`, unless `losesHistory` allows to lose them.
 * @throws DatabaseError that names the bucket and the rows when stored numbers make a bucket overflow.
 */
export async function refreshAggregates(
  db: Db,
  engine: EngineName,
  aggregates: readonly ContinuousAggregate[],
  window: RefreshWindow = {},
  onDone: (result: RefreshResult) => void = () => undefined,
  options: RefreshOptions = {},
): Promise<readonly RefreshResult[]> {
  const results: RefreshResult[] = [];
  for (const aggregate of aggregates) {
    if (options.signal?.aborted) break;
    const started = Date.now();
    const done = await refreshOne(db, engine, aggregate, window, options);
    const result = { aggregate: nameOf(aggregate), ...done, milliseconds: Date.now() - started };
    results.push(result);
    onDone(result);
  }
  return results;
}

/** The named aggregate and those built on the named object, directly or not; without a name, all aggregates. */
export function withDependents({ aggregates }: Desired, sourceName?: string): readonly ContinuousAggregate[] {
  if (sourceName === undefined) return aggregates;
  const reaches = (aggregate: ContinuousAggregate): boolean =>
    nameOf(aggregate) === sourceName ||
    nameOf(aggregate.from) === sourceName ||
    (aggregate.from.kind === 'aggregate' && reaches(aggregate.from));
  return aggregates.filter(reaches);
}

async function refreshOne(
  db: Db,
  engine: EngineName,
  aggregate: ContinuousAggregate,
  window: RefreshWindow,
  options: RefreshOptions,
): Promise<Done> {
  const stored = await readStored(db, engine, nameOf(aggregate));
  const slices = openSlices(db, aggregate, stored, options.batch);
  const asked = await slices.bounds(window);
  if (asked === undefined) return NOTHING_DONE;
  const [health] = await readWatermarks(asking(db), engine, [nameOf(aggregate)]);
  const watermark = health?.watermark ?? '-infinity';
  // The emulation never leaves a gap after its watermark; it would start at the watermark anyway.
  const from = engine !== 'timescaledb' ? earlier(asked.from, watermark) : asked.from;
  const report = await progressOf(slices, aggregate, from, asked.to, options);
  const run = async (slice: Bounds): Promise<SafeParts> => {
    const safe: SafeParts =
      options.losesHistory === true
        ? { parts: [slice], kept: null }
        : await safeParts(db, engine, stored, slice, options.force);
    const parts: Bounds[] = [];
    for (const part of safe.parts) {
      // Nothing is before the oldest history, so the refresh begins after it.
      const isEmpty =
        safe.kept !== null && part.from === '-infinity' && (await slices.firstRow(part.to)) === part.to;
      if (isEmpty) continue;
      await refreshPart(db, engine, aggregate, part, options);
      parts.push(part);
    }
    return { ...safe, parts };
  };
  const runOrExplain = (slice: Bounds): Promise<SafeParts> =>
    run(slice).catch(async (error: unknown) => {
      if (!isOverflow(error)) throw error;
      const stretch = stretchOf(slice.from, slice.to);
      const why = await describeOverflow(asking(db), overflowing(aggregate), error, stretch);
      throw new DatabaseError(why, { cause: error });
    });
  return walk({ slices, run: runOrExplain, report, options }, from, asked.to, watermark);
}

const NOTHING_DONE: Done = { from: null, to: null, kept: null, slices: 0, complete: true };

interface Walk {
  readonly slices: Slices;
  readonly run: (slice: Bounds) => Promise<SafeParts>;
  readonly report: (slice: Bounds) => void;
  readonly options: RefreshOptions;
}

async function walk(
  { slices, run, report, options: { newestFirst, signal } }: Walk,
  from: string,
  to: string,
  watermark: string,
): Promise<Done> {
  // After this time the slices are refreshed oldest first, before it newest first.
  const turn = newestFirst === true ? earlier(to, later(from, watermark)) : from;
  let done = NOTHING_DONE;
  const carryOut = async (slice: Bounds): Promise<void> => {
    done = withSlice(done, await run(slice));
    report(slice);
  };
  for (let at = turn; at !== to; ) {
    if (signal?.aborted) return { ...done, complete: false };
    const slice = await slices.lowest(at, to);
    await carryOut(slice);
    at = slice.to;
  }
  for (let at = turn; at !== from; ) {
    if (signal?.aborted) return { ...done, complete: false };
    const slice = await slices.highest(from, at);
    await carryOut(slice);
    at = slice.from;
  }
  return done;
}

function withSlice(done: Done, { parts, kept }: SafeParts): Done {
  const [first, last] = [parts[0], parts.at(-1)];
  const all = done.kept === null || kept === null ? (kept ?? done.kept) : bothKept(done.kept, kept);
  if (first === undefined || last === undefined) return { ...done, kept: all };
  return {
    ...done,
    from: done.from === null ? first.from : earlier(done.from, first.from),
    to: done.to === null ? last.to : later(done.to, last.to),
    kept: all,
    slices: done.slices + 1,
  };
}

const bothKept = (a: Kept, b: Kept): Kept => ({
  buckets: a.buckets + b.buckets,
  rows: a.rows + b.rows,
  from: earlier(a.from, b.from),
  to: later(a.to, b.to),
});

async function refreshPart(
  db: Db,
  engine: EngineName,
  aggregate: ContinuousAggregate,
  { from, to }: Bounds,
  { force, signal }: RefreshOptions,
): Promise<void> {
  const forced = force === true && engine === 'timescaledb' ? ', force => true' : '';
  await withRetry(
    () =>
      db.query(
        `CALL public.refresh_continuous_aggregate($1::regclass, $2::timestamptz, $3::timestamptz${forced})`,
        [relation(aggregate), from === '-infinity' ? null : from, to],
      ),
    { signal },
  );
}

async function progressOf(
  slices: Slices,
  aggregate: ContinuousAggregate,
  from: string,
  to: string,
  { batch, onSlice }: RefreshOptions,
): Promise<(slice: Bounds) => void> {
  if (onSlice === undefined || batch === undefined) return () => undefined;
  const beginning = Date.parse(from === '-infinity' ? await slices.firstRow(to) : from);
  const buckets = (start: string, end: string): number =>
    slices.countBuckets(start === '-infinity' ? beginning : Date.parse(start), Date.parse(end));
  const total = buckets(from, to);
  let done = 0;
  return (slice) => {
    done = Math.min(total, done + buckets(slice.from, slice.to));
    onSlice({ aggregate: nameOf(aggregate), done, total });
  };
}

const instant = (time: string): number =>
  time === '-infinity' ? Number.NEGATIVE_INFINITY : Date.parse(time);
const earlier = (a: string, b: string): string => (instant(a) <= instant(b) ? a : b);
const later = (a: string, b: string): string => (instant(a) >= instant(b) ? a : b);
