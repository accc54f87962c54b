// How many processors a workload keeps busy: storing rows, computing aggregates, converting chunks.
import type { EngineName } from '../../db/model';
import type { Constants } from './constants';
import { exactly, type Range, sum, times } from './range';
import type { SizedAggregate, Workload } from './workload';

/** Microseconds of processor time for each row that arrives, by what it is spent on. */
export interface RowWork {
  readonly copy: Range;
  /** On Citus' coordinator only. */
  readonly route: Range;
  readonly refresh: Range;
  readonly convert: Range;
}

/** Share of the processors that writing may take. The rest answers queries, and takes up what comes late. */
export const SHARE = 0.5;
/** Another processor is half as fast as the measured one, or twice. */
const OTHER_PROCESSOR: Range = { low: 0.5, likely: 1, high: 2 };

export function rowWork({ table, keep }: Workload, engine: EngineName, { speeds }: Constants): RowWork {
  const { copy, route, refresh, refreshAgain, convert } = speeds[engine];
  const isConverted = table.convertAfter !== null && table.convertAfter < keep;
  return {
    copy,
    route,
    refresh: sum(
      ...table.aggregates.map((one) => {
        const again = recomputed(one, engine);
        return one.computed === null ? exactly(0) : sum(refresh, times(refreshAgain, again));
      }),
    ),
    convert: isConverted ? convert : exactly(0),
  };
}

/**
 * How many times more a row is computed after the first time. TimescaleDB computes only what has changed. The emulation computes
 * its whole window at every refresh.
 */
function recomputed({ computed }: SizedAggregate, engine: EngineName): Range {
  if (computed === null || engine === 'timescaledb') return exactly(0);
  return exactly(Math.max(0, computed - 1));
}

/** Cores that a rate keeps busy, with the share that is left for queries. */
export const coresFor = (micros: Range, rowsPerSecond: number): Range =>
  times(micros, OTHER_PROCESSOR, rowsPerSecond / 1e6 / SHARE);

/** Work of the servers that store rows. */
export const storingWork = ({ copy, refresh, convert }: RowWork): Range => sum(copy, refresh, convert);
