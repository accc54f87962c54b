// A prediction as text: what each design needs and what it is made of, and a table of where the designs end.
import { unreachable } from '../../db/core/unreachable';
import type { EngineName } from '../../db/model';
import { table } from '../output';
import { describeLength } from './chunks';
import type { Constants } from './constants';
import type { Ladder } from './ladder';
import type { Limit } from './limits';
import { describeMachine } from './machines';
import type { Prediction, Reason } from './predict';
import { SHARE } from './processors';
import { between, duration, size, twoDigits } from './words';
import type { Workload } from './workload';

const TITLES: Readonly<Record<EngineName, string>> = {
  postgres: 'one PostgreSQL',
  timescaledb: 'one TimescaleDB',
  citus: 'Citus',
};

/** Everything that was found about a workload. */
export interface SizeReport {
  readonly workload: Workload;
  readonly predictions: readonly Prediction[];
  readonly limits: readonly { readonly engine: EngineName; readonly rate: Limit; readonly keep: Limit }[];
  readonly ladder: Ladder;
}

export function formatReport(
  { workload, predictions, limits, ladder }: SizeReport,
  constants: Constants,
): string {
  const { rowsPerSecond, keep, series, table: sized } = workload;
  return [
    `${sized.name}: ${count(rowsPerSecond)} rows per second, kept for ${duration(keep)}, of ${count(series)} series; a row takes ${between(sized.heap, twoDigits)} bytes and ${between(sized.indexes, twoDigits)} in its indexes`,
    ...predictions.map(formatPrediction),
    [
      'Where each design ends',
      table(
        [
          '',
          `rows per second, kept for ${duration(keep)}`,
          `kept, at ${count(rowsPerSecond)} rows per second`,
        ],
        limits.map(({ engine, rate, keep: longest }) => [
          TITLES[engine],
          `${count(Number(rate.at.toPrecision(2)))}, then too little ${namesOf(rate.reasons)}`,
          longest.at < 1
            ? 'no time at all'
            : `${duration(longest.at * 3_600)}, then too little ${namesOf(longest.reasons)}`,
        ]),
      ),
    ].join('\n'),
    [
      `The same table at other rates, kept for ${duration(keep)}`,
      table(
        ['rows per second', 'stored', ...ladder.engines.map((engine) => TITLES[engine])],
        ladder.steps.map((step) => [
          count(step.rowsPerSecond),
          size(step.asRows),
          ...step.verdicts.map(formatVerdict),
        ]),
      ),
    ].join('\n'),
    notes(constants),
  ].join('\n\n');
}

function formatPrediction(one: Prediction): string {
  const { engine, disk, newest, memory, locks, work, cores, coordinatorCores, log, verdict } = one;
  const parts = disk.parts.map(({ name, bytes, why }) => [`  ${name}`, between(bytes, size), why]);
  const micros = (value: number): string => `${twoDigits(value)} µs`;
  const rows = [
    ['disk to order', between(disk.ordered, size), 'the sum of its parts, as four fifths of the disk'],
    ...parts,
    [
      'memory',
      between(memory, size),
      `four times the newest chunk with its indexes (${size(newest.likely)})`,
    ],
    [
      'chunk interval',
      describeLength(one.chunk),
      `${count(one.chunks)} chunks; a statement over all of them takes ${count(locks.locks)} locks: max_locks_per_transaction ${count(locks.setting)}`,
    ],
    [
      'processors',
      between(cores, twoDigits),
      `a row takes ${micros(work.copy.likely)} to store, ${micros(work.refresh.likely)} in aggregates, ${micros(work.convert.likely)} to convert; ${Math.round(SHARE * 100)} % is left for queries`,
    ],
    ...(coordinatorCores.likely === 0
      ? []
      : [
          [
            'coordinator',
            `${between(coordinatorCores, twoDigits)} processors`,
            `it takes ${micros(work.route.likely)} to route a row`,
          ],
        ]),
    ['log', `${size(log.likely)}/s`, 'write-ahead log; archives and standbys must take as much'],
  ];
  const answer =
    verdict.kind === 'fits'
      ? formatVerdict(verdict)
      : `ends before this: too little ${lackOf(verdict.reasons)}`;
  const remarks = verdict.kind === 'fits' ? verdict.notes.map((text) => `\n  ${text}`) : [];
  return `${TITLES[engine]}: ${answer}${remarks.join('')}\n${table(['', 'likely (range)', 'made of'], rows)}`;
}

function formatVerdict(verdict: Prediction['verdict']): string {
  switch (verdict.kind) {
    case 'fits': {
      const { servers, each, coordinator } = verdict;
      if (coordinator === null) return describeMachine(each);
      return `${servers} workers of ${describeMachine(each)}, coordinator of ${coordinator.cores} vCPU`;
    }
    case 'ends':
      return `– (${lackOf(verdict.reasons)})`;
    default:
      return unreachable(verdict);
  }
}

const lackOf = (reasons: readonly Reason[]): string => reasons.map(describeReason).join(', ') || 'nothing';

const namesOf = (reasons: readonly Reason[]): string => reasons.map(({ what }) => what).join(' and ');

function describeReason({ what, needed, largest }: Reason): string {
  const word = what === 'processors' ? twoDigits : size;
  return `${what} (${word(needed)} of ${word(largest)})`;
}

function notes({ recorded }: Constants): string {
  return [
    `Speeds: ${recorded.by}, ${recorded.date}, ${count(recorded.rows)} rows; ${recorded.machine}.`,
    'Nothing was measured on more than two cores: the prediction lets cores and workers add up, which locks and networks prevent in part. Load-test before you order.',
    'A range is not a tolerance: processors differ by a factor of two either way, and how well data compress differs more. Measure your own rows: set DATABASE_URL.',
    'Not counted: standbys (each is one more server of the same size), backups, and the work of queries beyond the half that is left for them.',
  ].join('\n');
}

const count = (value: number): string => Math.round(value).toLocaleString('en');
