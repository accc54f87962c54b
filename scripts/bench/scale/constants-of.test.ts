// What a run of the scale benchmark records, and how it prints its figures side by side.
import type { EngineName } from '../../../db/model';
import { measuredConstants } from '../../size/constants';
import { exactly } from '../../size/range';
import { constantsOf } from './constants-of';
import type { Cost, SystemRound } from './measure-system';
import { formatScale } from './print-scale';
import { type ScaleReport, type SystemFigures, storedMicros } from './scale-report';

const cost = (...cpu: readonly (number | null)[]): Cost => ({ seconds: 2, cpu, logBytes: 200_000 });

const round = (copy: Cost, convert: Cost | null = null): SystemRound => ({
  copy,
  refresh: copy,
  refreshAgain: copy,
  groupBy: copy,
  convert,
  apiRead: 5,
  rowBytes: 160_000,
  columnBytes: convert === null ? null : 8_000,
});

const figures = (engine: EngineName, ...rounds: readonly SystemRound[]): SystemFigures => ({
  engine,
  describe: `a ${engine}`,
  rounds,
});

/** A thousand rows: a second of processor time is a thousand microseconds of a row. */
const report: ScaleReport = {
  rows: 1_000,
  sensors: 10,
  machine: { cpu: 'X', cores: 2, memoryBytes: 1e9, os: 'Y', node: '20.0.0', loadBefore: 1, loadAfter: 2 },
  shards: 8,
  systems: [
    figures('postgres', round(cost(0.003)), round(cost(0.005)), round(cost(0.004))),
    figures('timescaledb', round(cost(0.004), cost(0.001)), round(cost(0.004), cost(0.002))),
    figures('citus', round(cost(0.001, 0.002, 0.003))),
  ],
  growth: [
    { workers: 1, tasks: { 'one sensor': 1, 'all sensors': 8 }, busy: 1, rows: [1_000], moved: 0 },
    { workers: 2, tasks: { 'one sensor': 1, 'all sensors': 8 }, busy: 2, rows: [400, 600], moved: 3 },
  ],
};

describe('constants', () => {
  it('are the median and the range of all rounds, and of Citus the coordinator apart', () => {
    const { speeds, recorded } = constantsOf(report, new Date('2026-02-03T04:05:06Z'));
    expect(speeds.postgres.copy).toEqual({ low: 3, likely: 4, high: 5 });
    expect(speeds.postgres.route).toEqual(exactly(0));
    expect(speeds.timescaledb.convert).toEqual({ low: 1, likely: 1.5, high: 2 });
    expect(speeds.citus.copy).toEqual(exactly(5));
    expect(speeds.citus.route).toEqual(exactly(1));
    expect(speeds.postgres.log).toEqual(exactly(200));
    expect(recorded).toMatchObject({ date: '2026-02-03', rows: 1_000, rowBytes: 160 });
    expect(recorded.servers.citus).toBe('a citus');
  });

  it('stay as they are where nothing was measured, or the system does not tell', () => {
    const blind = constantsOf({ ...report, systems: [figures('timescaledb', round(cost(null)))] });
    expect(blind.speeds.citus).toEqual(measuredConstants.speeds.citus);
    expect(blind.speeds.timescaledb.copy).toEqual(measuredConstants.speeds.timescaledb.copy);
    expect(blind.columnRatio).toEqual(measuredConstants.columnRatio);
    expect(storedMicros(null, 'postgres', 1)).toBeNull();
  });
});

describe('the table', () => {
  const text = formatScale(report);

  it('has a ratio where both systems had the same rounds, and a dash where there is nothing to measure', () => {
    const systems = [
      figures('postgres', round(cost(0.004))),
      figures('citus', round(cost(0.001, 0.002, 0.003))),
    ];
    const line = formatScale({ ...report, systems })
      .split('\n')
      .find((one) => one.startsWith('COPY, processor'));
    expect(line).toMatch(/4\.00 +6\.00 \(1\.50×\)$/);
    expect(text.split('\n').find((one) => one.startsWith('into the columnstore'))).toMatch(/– +1\.50 +–$/);
  });

  it('says what two cores can show, and how Citus grows', () => {
    expect(text).toMatch(/share the cores of this machine/);
    expect(text).toMatch(/2 +1 +8 +2 +400, 600 +3\.00 s/);
  });
});
