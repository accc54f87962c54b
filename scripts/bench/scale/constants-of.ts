// The constants of `tsdb size` as a run of the benchmark found them. What it did not measure stays as it is.
import type { EngineName } from '../../../db/model';
import { type Constants, measuredConstants, type Speeds } from '../../size/constants';
import { each, exactly, measured, type Range } from '../../size/range';
import type { Cost, SystemRound } from './measure-system';
import { type ScaleReport, type SystemFigures, storedMicros } from './scale-report';

/** @param now the day that is written down. */
export function constantsOf(report: ScaleReport, now = new Date()): Constants {
  const { recorded, speeds, columnRatio } = measuredConstants;
  const of = (engine: EngineName): SystemFigures | undefined =>
    report.systems.find((system) => system.engine === engine);
  const rowBytes = of('postgres')?.rounds[0]?.rowBytes;
  const named = (engine: EngineName): string => of(engine)?.describe ?? recorded.servers[engine];
  return {
    columnRatio,
    recorded: {
      by: 'npm run bench:scale -- --record',
      date: now.toISOString().slice(0, 10),
      rows: report.rows,
      rowBytes: rowBytes === undefined ? recorded.rowBytes : round(rowBytes / report.rows),
      machine: `${report.machine.cpu}, ${report.machine.cores} cores, load ${report.machine.loadBefore} before the run`,
      servers: { postgres: named('postgres'), timescaledb: named('timescaledb'), citus: named('citus') },
    },
    speeds: {
      postgres: speedsOf(of('postgres'), report.rows, speeds.postgres),
      timescaledb: speedsOf(of('timescaledb'), report.rows, speeds.timescaledb),
      citus: speedsOf(of('citus'), report.rows, speeds.citus),
    },
  };
}

function speedsOf(figures: SystemFigures | undefined, rows: number, before: Speeds): Speeds {
  if (figures === undefined) return before;
  const { engine, rounds } = figures;
  /** Microseconds of a row, on the servers that store it. */
  const stored = (pick: (one: SystemRound) => Cost | null, otherwise: Range): Range => {
    const values = rounds.map((one) => storedMicros(pick(one), engine, rows));
    return values.some((value) => value === null) ? otherwise : micros(values as number[]);
  };
  const routed = rounds.map(({ copy }) => copy.cpu[0] ?? null);
  return {
    copy: stored(({ copy }) => copy, before.copy),
    route:
      engine !== 'citus' || routed.some((value) => value === null)
        ? exactly(0)
        : micros(routed.map((value) => ((value ?? 0) * 1e6) / rows)),
    refresh: stored(({ refresh }) => refresh, before.refresh),
    refreshAgain: stored(({ refreshAgain }) => refreshAgain, before.refreshAgain),
    convert: stored(({ convert }) => convert, before.convert),
    groupBy: stored(({ groupBy }) => groupBy, before.groupBy),
    log: micros(rounds.map(({ copy }) => copy.logBytes / rows)),
  };
}

const micros = (values: readonly number[]): Range => each(measured(values), round);
const round = (value: number): number => Math.round(value * 100) / 100;
