// Divides the range of a refresh into slices with a limited number of buckets that have rows.
import { ident, interval, relation } from '../core/sql';
import type { StoredWithSources } from '../engines/stored-aggregates';
import type { ContinuousAggregate } from '../language/aggregate';
import { approximateMicroseconds, parseIsoInterval } from '../language/interval';
import { nameOf } from '../language/names';
import type { Db } from '../model';
import { boundText } from '../server/ask';
import type { Bounds } from './history-guard';

/** The time range to refresh. */
export interface RefreshWindow {
  /** Inclusive start; absent means from the beginning. */
  readonly from?: Date;
  /** Exclusive end, rounded up to whole buckets, but never later than now; absent means now. */
  readonly to?: Date;
}

/** Questions about one aggregate. */
export interface Slices {
  /** The complete buckets of a window; undefined when there is none. */
  bounds(window: RefreshWindow): Promise<Bounds | undefined>;
  /** The first slice of a range. */
  lowest(from: string, to: string): Promise<Bounds>;
  /** The last slice of a range. */
  highest(from: string, to: string): Promise<Bounds>;
  /** The first bucket with rows before `to`, or `to` if there is none. */
  firstRow(to: string): Promise<string>;
  countBuckets(fromMs: number, toMs: number): number;
}

/** @param batch the number of buckets in a slice; absent means one slice for the whole range. */
export function openSlices(
  db: Db,
  { from: origin }: ContinuousAggregate,
  { aggregate, states }: StoredWithSources,
  batch: number | undefined,
): Slices {
  const stored = ident(aggregate.stored.schema, aggregate.stored.name);
  // If the source is an aggregate, only its stored buckets count: the newer rows that its view adds all fall into the last slice.
  const parent = states.get(nameOf(origin))?.stored;
  const [source, time] = parent
    ? [ident(parent.schema, parent.name), ident('bucket')]
    : [relation(origin), ident(origin.time)];
  const width = interval(aggregate.width);
  const bucket = (expression: string): string => `public.time_bucket(${width}, ${expression})`;
  // Rows of the source, and also stored buckets whose rows are gone, because a refresh must see those too.
  const extreme = (pick: 'min' | 'max', lower: string, upper: string): string =>
    `${pick === 'min' ? 'least' : 'greatest'}((SELECT ${bucket(`${pick}(${time})`)} FROM ${source} WHERE ${time} >= ${lower} AND ${time} < ${upper}),
       (SELECT ${pick}("bucket") FROM ${stored} WHERE "bucket" >= ${lower} AND "bucket" < ${upper}))`;

  const cut = async (pick: 'min' | 'max', from: string, to: string): Promise<Bounds> => {
    if (batch === undefined) return { from, to };
    const size = `${batch} * ${width}`;
    const [lower, upper] =
      pick === 'min'
        ? ['lower', `least(upper, row_at + ${size})`]
        : [`greatest(lower, row_at + ${width} - ${size})`, 'upper'];
    const { rows } = await db.query<Bounds>(
      `SELECT ${boundText(lower)} AS "from", ${boundText(upper)} AS "to"
         FROM (SELECT $1::timestamptz AS lower, $2::timestamptz AS upper, ${extreme(pick, '$1::timestamptz', '$2::timestamptz')} AS row_at) found`,
      [from, to],
    );
    return rows[0] as Bounds;
  };

  return {
    async bounds({ from, to }) {
      const { rows } = await db.query<Bounds>(
        `SELECT ${boundText('lower')} AS "from", ${boundText('upper')} AS "to"
           FROM (SELECT CASE WHEN isfinite($1::timestamptz) THEN ${bucket('$1::timestamptz')} ELSE '-infinity' END AS lower,
                        least(CASE WHEN isfinite($2::timestamptz) THEN ${bucket('$2::timestamptz')} + ${width} ELSE 'infinity' END, ${bucket('now()')}) AS upper) asked
          WHERE lower < upper`,
        [from?.toISOString() ?? '-infinity', to?.toISOString() ?? 'infinity'],
      );
      return rows[0];
    },
    lowest: (from, to) => cut('min', from, to),
    highest: (from, to) => cut('max', from, to),
    async firstRow(to) {
      const { rows } = await db.query<{ first: string }>(
        `SELECT ${boundText('at')} AS first
           FROM (SELECT coalesce(${extreme('min', `'-infinity'::timestamptz`, '$1::timestamptz')}, $1::timestamptz) AS at) found`,
        [to],
      );
      return rows[0]?.first ?? to;
    },
    countBuckets: (fromMs, toMs) =>
      Math.round(((toMs - fromMs) * 1_000) / approximateMicroseconds(parseIsoInterval(aggregate.width))),
  };
}
