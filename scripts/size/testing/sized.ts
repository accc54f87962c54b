// For tests: a workload and constants of round numbers, so that every sum can be checked in one's head.
import type { Constants, Speeds } from '../constants';
import { exactly } from '../range';
import type { Workload } from '../workload';

const DAY = 86_400;

const speeds = (changes: Partial<Speeds>): Speeds => ({
  copy: exactly(4),
  route: exactly(0),
  refresh: exactly(1),
  refreshAgain: exactly(2),
  convert: exactly(0),
  groupBy: exactly(0.2),
  log: exactly(200),
  ...changes,
});

export const roundConstants: Constants = {
  columnRatio: {
    timescaledb: { ...exactly(0.1), from: 'a test' },
    citus: { ...exactly(0.5), from: 'a test' },
  },
  recorded: {
    by: 'a test',
    date: '2026-01-01',
    rows: 1,
    rowBytes: 100,
    machine: 'none',
    servers: { postgres: '', timescaledb: '', citus: '' },
  },
  speeds: {
    postgres: speeds({}),
    timescaledb: speeds({ convert: exactly(1) }),
    citus: speeds({ convert: exactly(1), route: exactly(2) }),
  },
};

/** A thousand rows of 60 and 40 bytes a second, of a thousand series, for 30 days; chunks of a day that are converted after a week. */
export const roundWorkload: Workload = {
  rowsPerSecond: 1_000,
  keep: 30 * DAY,
  series: 1_000,
  table: {
    name: 'public.round',
    heap: exactly(60),
    indexes: exactly(40),
    indexCount: 2,
    column: null,
    from: 'a test',
    chunk: DAY,
    convertAfter: 7 * DAY,
    aggregates: [
      {
        name: 'public.round_hourly',
        bucket: 3_600,
        keep: 100 * DAY,
        keptForEver: false,
        perSeries: true,
        row: exactly(250),
        computed: 24,
      },
    ],
  },
};
