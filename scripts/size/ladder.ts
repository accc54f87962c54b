// The simulation: the same table at rates that grow tenfold, up to a million rows per second, for each design.
import type { EngineName } from '../../db/model';
import { chunkBytes } from './chunks';
import type { Constants } from './constants';
import { DESIGNS, predict, type Verdict } from './predict';
import type { Workload } from './workload';

export interface Ladder {
  readonly engines: readonly EngineName[];
  readonly steps: readonly {
    readonly rowsPerSecond: number;
    /** Bytes of all rows that are kept, if all of them stay rows. */
    readonly asRows: number;
    /** In the order of `engines`. */
    readonly verdicts: readonly Verdict[];
  }[];
}

const RATES = [1e3, 1e4, 1e5, 1e6];

/** All rates, and the asked one where it is none of them, with the series in proportion. */
export function climb(workload: Workload, constants: Constants): Ladder {
  const rates = [...new Set([...RATES, workload.rowsPerSecond])].sort((a, b) => a - b);
  const perRow = workload.series / workload.rowsPerSecond;
  return {
    engines: DESIGNS,
    steps: rates.map((rowsPerSecond) => {
      const step = { ...workload, rowsPerSecond, series: Math.max(1, rowsPerSecond * perRow) };
      return {
        rowsPerSecond,
        asRows: chunkBytes(step, step.keep).likely,
        verdicts: DESIGNS.map((engine) => predict(step, engine, constants).verdict),
      };
    }),
  };
}
