// tsdb size: predicts what a rate of rows needs of disk, memory and processors, on one server and on several.
import { UsageError } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { readContext } from '../context';
import { note, print, printJson } from '../output';
import { measuredConstants } from '../size/constants';
import { climb } from '../size/ladder';
import { highestRate, longestKeep } from '../size/limits';
import { liveTable } from '../size/live';
import { DESIGNS, predict } from '../size/predict';
import { exactly } from '../size/range';
import { formatReport, type SizeReport } from '../size/report';
import { findTable, type SizedTable, seconds, sizedTable, type Workload } from '../size/workload';

export interface SizeFlags {
  readonly rowsPerSecond: number;
  readonly keep: string;
  readonly bytesPerRow?: number;
  readonly series?: number;
  readonly table?: string;
  readonly json?: boolean;
}

/** Predicts and prints; the database, where DATABASE_URL names one, is only read. */
export async function sizeFor(flags: SizeFlags): Promise<number> {
  const constants = measuredConstants;
  const workload = await workloadOf(flags);
  const report: SizeReport = {
    workload,
    predictions: DESIGNS.map((engine) => predict(workload, engine, constants)),
    limits: DESIGNS.map((engine) => ({
      engine,
      rate: highestRate(workload, engine, constants),
      keep: longestKeep(workload, engine, constants),
    })),
    ladder: climb(workload, constants),
  };
  if (flags.json) printJson({ ...report, constants: constants.recorded });
  else print(formatReport(report, constants));
  return 0;
}

async function workloadOf(flags: SizeFlags): Promise<Workload> {
  const { rowsPerSecond, bytesPerRow } = flags;
  const { config, desired } = readContext();
  const declared = findTable(desired, flags.table);
  const computed = sizedTable(declared, desired);
  let table = computed;
  if (bytesPerRow !== undefined) table = withBytes(computed, bytesPerRow);
  else if (config.connection !== undefined) {
    const found = await withConnection(config.connection, (db) => liveTable(db, declared, computed));
    note(found.note);
    table = found.table;
  }
  // A series that reports once a minute is usual for sensors and for servers.
  const series = flags.series ?? Math.max(1, rowsPerSecond * 60);
  return { rowsPerSecond, keep: keepOf(flags.keep), series, table };
}

/** The row with its indexes takes what was asked for, in the proportion of the declared one. */
function withBytes(table: SizedTable, bytesPerRow: number): SizedTable {
  const share = table.heap.likely / (table.heap.likely + table.indexes.likely);
  return {
    ...table,
    heap: exactly(bytesPerRow * share),
    indexes: exactly(bytesPerRow * (1 - share)),
    from: '--bytes-per-row',
  };
}

function keepOf(text: string): number {
  try {
    return seconds(text);
  } catch (error) {
    throw new UsageError(`--keep ${(error as Error).message}`, { cause: error });
  }
}
