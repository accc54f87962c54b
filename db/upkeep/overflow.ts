// Says which rows make the refresh of an aggregate overflow, and in which bucket.
import { messageOf } from '../core/errors';
import { ident, interval, literal } from '../core/sql';
import { type JobHealth, readOverflowing } from '../engines/health';
import type { ContinuousAggregate, Relation } from '../language/aggregate';
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';
import type { EngineName } from '../model';
import { type Ask, isoText } from '../server/ask';
import {
  ALL_ROWS,
  describeUncarriedRows,
  findUncarriedRows,
  type Stretch,
  type Timed,
} from '../server/uncarried-rows';

/** An aggregate that cannot be refreshed. */
export interface Overflowing {
  /** `schema.name` */
  readonly name: string;
  /** The width of its buckets. */
  readonly width: string;
  /** What it is built on, the table last. */
  readonly sources: readonly Timed[];
}

/**
 * The overflow in words: the aggregate, the bucket, the rows, and the way out. Rows are looked for in the stretch first.
 * @param error what the refresh has failed with.
 */
export async function describeOverflow(
  ask: Ask,
  { name, width, sources }: Overflowing,
  error: unknown,
  stretch: Stretch = ALL_ROWS,
): Promise<string> {
  const why = `${name} cannot be refreshed: ${messageOf(error)}`;
  for (const source of [...sources].reverse()) {
    const found = await findUncarriedRows(ask, source, stretch).catch(() => undefined);
    if (found === undefined) continue;
    const [bucket] = await ask<{ start: string }>(
      `SELECT ${isoText(`public.time_bucket(${interval(width)}, $1::timestamptz)`)} AS start`,
      [found.time],
    );
    return `${why}, in the bucket of ${bucket?.start}. ${describeUncarriedRows(found)}`;
  }
  return `${why}. No row holds such a number by itself; look for very large sums in ${sources.map(({ schema, name: of }) => ident(schema, of)).join(' and ')}`;
}

/** A declared aggregate, with what it is built on. */
export const overflowing = (aggregate: ContinuousAggregate): Overflowing => ({
  name: nameOf(aggregate),
  width: aggregate.bucket,
  sources: sourcesOf(aggregate.from),
});

const sourcesOf = (source: Relation): readonly Timed[] =>
  source.kind === 'hypertable' ? [source] : [source, ...sourcesOf(source.from)];

/** The stretch from one time to another; a time may be infinite. */
export const stretchOf = (from: string, to: string): Stretch => ({
  from: `${literal(from)}::timestamptz`,
  to: `${literal(to)}::timestamptz`,
});

/**
 * Jobs with the rows that make them overflow in their errors. Those of engine `postgres` have found them already; those of
 * TimescaleDB know only that a number was too large.
 */
export async function explainJobs(
  ask: Ask,
  engine: EngineName,
  { aggregates }: Desired,
  jobs: readonly JobHealth[],
): Promise<readonly JobHealth[]> {
  const failing = jobs.flatMap(({ id, state }) => (state === 'failing' ? [id] : []));
  if (engine !== 'timescaledb' || failing.length === 0) return jobs;
  const overflowed = new Set(await readOverflowing(ask, failing));
  const explain = async (job: JobHealth): Promise<JobHealth> => {
    const aggregate = aggregates.find((one) => job.job === `refresh of ${nameOf(one)}`);
    if (aggregate === undefined || !overflowed.has(job.id)) return job;
    const { bucket, refresh } = aggregate;
    const stretch = { from: `now() - ${interval(refresh.startOffset)} - ${interval(bucket)}`, to: 'now()' };
    return { ...job, error: await describeOverflow(ask, overflowing(aggregate), job.error, stretch) };
  };
  const result: JobHealth[] = [];
  for (const job of jobs) result.push(await explain(job));
  return result;
}
