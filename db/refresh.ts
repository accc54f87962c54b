// Refreshes continuous aggregates by hand: sources first, and never over history whose source rows are gone.
import { type ContinuousAggregate, nameOf } from './define';
import { materializationOf } from './engines/materialization';
import type { Db, Desired, EngineName } from './model';
import { withRetry } from './retry';
import { ident, interval, literal, relation } from './sql';

export interface RefreshWindow {
  /** Inclusive start; absent = from the beginning. */
  readonly from?: Date;
  /** Exclusive end, rounded up to whole buckets but never past now; absent = now. */
  readonly to?: Date;
}

export interface RefreshResult {
  readonly aggregate: string;
  /** Bounds that were refreshed, ISO 8601; null when the window held no complete bucket. */
  readonly from: string | null;
  readonly to: string | null;
  /** Set when the start was moved up: buckets before it exist, and their source rows are past retention. */
  readonly keptBefore: string | null;
  readonly milliseconds: number;
}

/**
 * Refreshes the given aggregates in dependency order.
 * A refresh computes buckets again from their source: where retention has dropped the source rows it would delete the
 * buckets instead. So a window never reaches materialised buckets that are older than the source's retention.
 */
export async function refreshAggregates(
  db: Db,
  engine: EngineName,
  aggregates: readonly ContinuousAggregate[],
  window: RefreshWindow = {},
  onDone: (result: RefreshResult) => void = () => undefined,
): Promise<readonly RefreshResult[]> {
  const results: RefreshResult[] = [];
  for (const aggregate of aggregates) {
    const started = Date.now();
    const bounds = await safeBounds(db, engine, aggregate, window);
    if (bounds.from !== null && bounds.to !== null) {
      await withRetry(() =>
        db.query('CALL public.refresh_continuous_aggregate($1::regclass, $2::timestamptz, $3::timestamptz)', [
          relation(aggregate),
          bounds.from === '-infinity' ? null : bounds.from,
          bounds.to,
        ]),
      );
    }
    const result = { aggregate: nameOf(aggregate), ...bounds, milliseconds: Date.now() - started };
    results.push(result);
    onDone(result);
  }
  return results;
}

/** The aggregates that have the given one among their sources, the given one included; all of them without a name. */
export function withDependents({ aggregates }: Desired, sourceName?: string): readonly ContinuousAggregate[] {
  if (sourceName === undefined) return aggregates;
  const reaches = (aggregate: ContinuousAggregate): boolean =>
    nameOf(aggregate) === sourceName ||
    nameOf(aggregate.from) === sourceName ||
    (aggregate.from.kind === 'aggregate' && reaches(aggregate.from));
  return aggregates.filter(reaches);
}

type Bounds = Pick<RefreshResult, 'from' | 'to' | 'keptBefore'>;

async function safeBounds(
  db: Db,
  engine: EngineName,
  aggregate: ContinuousAggregate,
  { from, to }: RefreshWindow,
): Promise<Bounds> {
  const { rows } = await db.query<Bounds>(
    boundsQuery(aggregate, await materializationOf(db, engine, aggregate)),
    [from?.toISOString() ?? '-infinity', to?.toISOString() ?? 'infinity'],
  );
  return rows[0] as Bounds;
}

function boundsQuery(aggregate: ContinuousAggregate, materialization: readonly [string, string]): string {
  const width = interval(aggregate.bucket);
  const bucket = (time: string): string => `public.time_bucket(${width}, ${time})`;
  const retention = aggregate.from.retention;
  // The first bucket whose source rows are all younger than the source's retention.
  const horizon =
    retention === undefined
      ? `'-infinity'::timestamptz`
      : `${bucket(`now() - ${interval(retention)}`)} + ${width}`;
  return `
    WITH asked AS (
      SELECT CASE WHEN isfinite($1::timestamptz) THEN ${bucket('$1::timestamptz')} ELSE '-infinity' END AS lower,
             least(CASE WHEN isfinite($2::timestamptz) THEN ${bucket('$2::timestamptz')} + ${width} ELSE 'infinity' END, ${bucket('now()')}) AS upper,
             ${horizon} AS horizon
    ), safe AS (
      SELECT lower, upper,
             CASE WHEN EXISTS (SELECT FROM ${ident(...materialization)} m WHERE m."bucket" >= lower AND m."bucket" < least(upper, horizon))
                  THEN horizon END AS horizon
        FROM asked
    ), bounds AS (
      SELECT greatest(lower, horizon) AS lower, upper, horizon FROM safe
    )
    SELECT CASE WHEN lower < upper THEN ${isoText('lower')} END AS "from",
           CASE WHEN lower < upper THEN ${isoText('upper')} END AS "to",
           ${isoText('horizon')} AS "keptBefore"
      FROM bounds`;
}

const isoText = (column: string): string =>
  `CASE WHEN isfinite(${column}) THEN to_char(${column} AT TIME ZONE 'UTC', ${literal('YYYY-MM-DD"T"HH24:MI:SS"Z"')}) ELSE ${column}::text END`;
