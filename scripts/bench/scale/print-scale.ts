// The figures of a run side by side: each system beside one PostgreSQL, round by round.
import type { EngineName } from '../../../db/model';
import { table } from '../../output';
import { count, counted, machineLine, number } from '../report/format';
import { percentile, summarizeRatio } from '../report/statistics';
import type { GrowthStep } from './growth';
import type { Cost, SystemRound } from './measure-system';
import { type ScaleReport, type SystemFigures, storedMicros } from './scale-report';

/** A line of the table: a figure of each round, and whether a larger one is better. */
interface Line {
  readonly title: string;
  readonly figure: (round: SystemRound, rows: number, engine: EngineName) => number | null;
  readonly isSpeed?: true;
}

const speed =
  (pick: (round: SystemRound) => Cost | null) =>
  (round: SystemRound, rows: number): number | null => {
    const cost = pick(round);
    return cost === null ? null : rows / cost.seconds;
  };
const work =
  (pick: (round: SystemRound) => Cost | null) =>
  (round: SystemRound, rows: number, engine: EngineName): number | null => {
    const cost = pick(round);
    const stored = storedMicros(cost, engine, rows);
    if (cost === null || stored === null || engine !== 'citus') return stored;
    return stored + ((cost.cpu[0] ?? 0) * 1e6) / rows;
  };

const LINES: readonly Line[] = [
  { title: 'COPY over one connection, rows/s', figure: speed(({ copy }) => copy), isSpeed: true },
  { title: 'COPY, processor µs a row', figure: work(({ copy }) => copy) },
  { title: 'COPY, log bytes a row', figure: ({ copy }, rows) => copy.logBytes / rows },
  {
    title: 'refresh of the hourly aggregate, rows/s',
    figure: speed(({ refresh }) => refresh),
    isSpeed: true,
  },
  { title: 'refresh, processor µs a row', figure: work(({ refresh }) => refresh) },
  { title: 'the same refresh again, µs a row', figure: work(({ refreshAgain }) => refreshAgain) },
  { title: 'hourly from raw rows, rows/s', figure: speed(({ groupBy }) => groupBy), isSpeed: true },
  { title: 'hourly from raw rows, µs a row', figure: work(({ groupBy }) => groupBy) },
  { title: 'API, a week of one sensor, ms', figure: ({ apiRead }) => apiRead },
  { title: 'into the columnstore, µs a row', figure: work(({ convert }) => convert) },
  { title: 'bytes a row, with indexes', figure: ({ rowBytes }, rows) => rowBytes / rows },
  {
    title: 'bytes a row in the columnstore',
    figure: ({ columnBytes }, rows) => columnBytes && columnBytes / rows,
  },
];

/** The report as text. */
export function formatScale(report: ScaleReport): string {
  const { systems, rows, sensors, machine, shards, growth } = report;
  return [
    [
      ...systems.map(({ describe }) => describe),
      machineLine(machine),
      `load ${machine.loadBefore} before the run, ${machine.loadAfter} after it`,
    ].join('\n'),
    `${counted(rows, 'row')} of ${counted(sensors, 'sensor')}, ${shards} shards of a table on Citus; medians, and in brackets the ratio to one PostgreSQL`,
    table(
      ['', ...systems.map(({ engine }) => engine)],
      LINES.map((line) => cells(line, report)),
    ),
    'All servers share the cores of this machine, so the figures show what a system adds to each row, and not how it scales.',
    ...(growth.length === 0 ? [] : [formatGrowth(growth)]),
  ].join('\n\n');
}

function cells({ title, figure, isSpeed }: Line, { systems, rows }: ScaleReport): readonly string[] {
  const of = ({ engine, rounds }: SystemFigures): readonly number[] =>
    rounds.flatMap((round) => figure(round, rows, engine) ?? []);
  const base = systems[0] === undefined ? [] : of(systems[0]);
  return [
    title,
    ...systems.map((system, at) => {
      const values = of(system);
      if (values.length === 0) return '–';
      const median = number(percentile(values, 0.5));
      if (at === 0 || base.length !== values.length || base.includes(0)) return median;
      const { median: ratio } = summarizeRatio(values, base);
      return `${median} (${number(ratio)}×${isSpeed ? ' as fast' : ''})`;
    }),
  ];
}

function formatGrowth(growth: readonly GrowthStep[]): string {
  const names = Object.keys(growth[0]?.tasks ?? {});
  return [
    'Growth of Citus: shards that a query touches, and where the rows are',
    table(
      ['workers', ...names, 'workers at work for all sensors', 'rows of each worker', 'moved in'],
      growth.map(({ workers, tasks, busy, rows, moved }) => [
        String(workers),
        ...names.map((name) => String(tasks[name])),
        String(busy),
        rows.map(count).join(', '),
        moved === 0 ? '' : `${number(moved)} s`,
      ]),
    ),
  ].join('\n');
}
