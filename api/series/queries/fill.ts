// Adds the buckets that have no row. It is a pure function, so that both engines fill in the same way.
import { timeText } from '../../http/time';
import { type Buckets, countOf, startsOf } from '../buckets';
import type { Fill } from '../request/parse-request';

/** A row of an answer. */
export type AnswerRow = Readonly<Record<string, unknown>>;

/** What to fill. */
export interface Gaps {
  readonly fill: Exclude<Fill, 'none'>;
  readonly buckets: Buckets;
  readonly by: readonly string[];
  /** Names of the figures. */
  readonly figures: readonly string[];
}

/**
 * The number of rows of the filled answer: every series gets every bucket. Without keys there is one series, even without rows.
 */
export function filledCount(rows: readonly AnswerRow[], { buckets, by }: Gaps): number {
  const series = by.length === 0 ? 1 : new Set(rows.map((row) => seriesKey(row, by))).size;
  return series * countOf(buckets);
}

/**
 * Fills the rows per series and returns them in order of time; series keep the order in which they first appear. `null`: gaps
 * have no value. `locf`: gaps have the last value before them, if there is one. `linear`: gaps have values on the line between
 * their neighbours with a value; only for numbers. A figure that is null in a bucket with rows is a gap, too. Counts are filled
 * like other figures: a gap is null, not 0.
 */
export function fillGaps(rows: readonly AnswerRow[], gaps: Gaps): readonly AnswerRow[] {
  const { by, figures, fill } = gaps;
  const starts = startsOf(gaps.buckets);
  const times = starts.map(timeText);
  const lanes = seriesOf(rows, by).map((found) => {
    const byTime = new Map(found.map((row) => [row.time, row]));
    const keys = Object.fromEntries(by.map((key) => [key, found[0]?.[key] ?? null]));
    const columns = figures.map((figure) => {
      const values = times.map((time) => byTime.get(time)?.[figure] ?? null);
      return FILLERS[fill](values, starts);
    });
    return { keys, columns };
  });
  return times.flatMap((time, at) =>
    lanes.map(({ keys, columns }) => ({
      time,
      ...keys,
      ...Object.fromEntries(figures.map((figure, column) => [figure, columns[column]?.[at] ?? null])),
    })),
  );
}

/** The rows of each series, in the order in which the series first appear; without keys all rows are one series. */
export function seriesOf<R extends AnswerRow>(
  rows: readonly R[],
  by: readonly string[],
): readonly (readonly R[])[] {
  if (by.length === 0) return [rows];
  const found = new Map<string, R[]>();
  for (const row of rows) {
    const key = seriesKey(row, by);
    const series = found.get(key);
    if (series === undefined) found.set(key, [row]);
    else series.push(row);
  }
  return [...found.values()];
}

const seriesKey = (row: AnswerRow, by: readonly string[]): string =>
  JSON.stringify(by.map((key) => row[key]));

type Filler = (values: readonly unknown[], starts: readonly bigint[]) => readonly unknown[];

const FILLERS: Readonly<Record<Gaps['fill'], Filler>> = {
  null: (values) => values,
  locf: (values) => {
    let last: unknown = null;
    return values.map((value) => {
      last = value ?? last;
      return last;
    });
  },
  linear: (values, starts) => {
    const filled = [...values];
    let known: number | undefined;
    for (const [at, value] of values.entries()) {
      if (typeof value !== 'number') continue;
      const [left, right] = [known ?? at, at];
      for (let gap = left + 1; gap < right; gap += 1) {
        // By time and not by number of buckets: months differ in length.
        const [start = 0n, middle = 0n, end = 1n] = [starts[left], starts[gap], starts[right]];
        const share = Number(middle - start) / Number(end - start);
        filled[gap] = (values[left] as number) * (1 - share) + value * share;
      }
      known = at;
    }
    return filled;
  },
};
