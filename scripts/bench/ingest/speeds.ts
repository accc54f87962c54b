// From measured rounds to figures: rows per second, and how they compare with psql in the same round.
import type { IngestMethodReport, IngestReport } from '../report/report';
import { summarize, summarizeMemory, summarizeRatio } from '../report/statistics';

/** A figure that is reported. */
export type Entry = Pick<IngestMethodReport, 'id' | 'title' | 'rows'>;

/** One run of it. */
export interface Measurement {
  readonly id: string;
  readonly milliseconds: number;
  /** Peak memory of the process; absent or null where there is none, or the system does not tell. */
  readonly peakBytes?: number | null;
}

/** A way to write all rows or the first of them. */
export interface Method {
  /** Its figures; it writes as many rows as the first one says. */
  readonly entries: readonly Entry[];
  /** Whether it also refreshes the aggregates, whose values are then compared. */
  readonly refreshes?: boolean;
  /** Writes once. What it needs, such as the bodies of requests, is ready before its clock starts. */
  run(): Promise<readonly Measurement[]>;
}

const YARDSTICK = 'psql-copy';
/** One COPY of the file, which is measured only where there is no psql. */
export const STAND_IN = 'copy-file';

/** Sums up the rounds; each has one measurement of each entry. */
export function reportOf(
  entries: readonly Entry[],
  rounds: readonly (readonly Measurement[])[],
  rest: Omit<IngestReport, 'methods'>,
): IngestReport {
  const speeds = ({ id, rows }: Entry): readonly number[] =>
    rounds.map((round) => (rows * 1_000) / (of(round, id)?.milliseconds ?? Number.NaN));
  const yardstick = entries.find(({ id }) => id === YARDSTICK || id === STAND_IN);
  const methods = entries.map(
    (entry): IngestMethodReport => ({
      ...entry,
      speed: summarize(speeds(entry), 'rows/s'),
      toPsqlCopy: yardstick === undefined ? null : summarizeRatio(speeds(entry), speeds(yardstick)),
      peakMemory: summarizeMemory(rounds.map((round) => of(round, entry.id)?.peakBytes ?? null)),
    }),
  );
  return { ...rest, methods };
}

const of = (round: readonly Measurement[], wanted: string): Measurement | undefined =>
  round.find(({ id }) => id === wanted);
