// Where a design ends: the highest rate that it carries, and the longest time, found by asking the prediction itself.
import type { EngineName } from '../../db/model';
import type { Constants } from './constants';
import { predict, type Reason } from './predict';
import type { Workload } from './workload';

/** The largest value that fits, and what is missing above it. */
export interface Limit {
  readonly at: number;
  readonly reasons: readonly Reason[];
}

/** The highest rate in rows per second, with the series in proportion, at the time that is kept. */
export function highestRate(workload: Workload, engine: EngineName, constants: Constants): Limit {
  const perRow = workload.series / workload.rowsPerSecond;
  return largest(
    (rowsPerSecond) => ({ ...workload, rowsPerSecond, series: Math.max(1, rowsPerSecond * perRow) }),
    engine,
    constants,
  );
}

/** The longest time in seconds at the rate; rows kept for less than an hour are of no use. */
export const longestKeep = (workload: Workload, engine: EngineName, constants: Constants): Limit =>
  largest((hours) => ({ ...workload, keep: hours * 3_600 }), engine, constants);

const MOST = 1e10;

// More rows, or rows that are kept longer, never need less, so halving the range finds the end.
function largest(make: (value: number) => Workload, engine: EngineName, constants: Constants): Limit {
  const reasonsAt = (value: number): readonly Reason[] | undefined => {
    const { verdict } = predict(make(value), engine, constants);
    return verdict.kind === 'ends' ? verdict.reasons : undefined;
  };
  let [fits, fails] = [0, MOST];
  if (reasonsAt(MOST) === undefined) return { at: MOST, reasons: [] };
  while (fails - fits > Math.max(1, fits / 1_000)) {
    const middle = fits === 0 ? Math.sqrt(fails) : Math.sqrt(fits * fails);
    if (fits === 0 && middle < 2) break;
    if (reasonsAt(middle) === undefined) fits = middle;
    else fails = middle;
  }
  return { at: fits, reasons: reasonsAt(fails) ?? [] };
}
