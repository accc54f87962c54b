// Walks a set of sample data through time and gives its rows in batches of bounded size.
import { type Lines, noLines, type SampleOptions, type SampleSet } from './sample';

/** A range of steps. */
export interface Steps {
  /** First instant, inclusive. */
  readonly from: Date;
  /** Last instant, exclusive. */
  readonly to: Date;
}

/** Rows of some steps, and the instant of the step that comes next. */
export interface Batch {
  readonly lines: Lines;
  readonly next: number;
}

// About a megabyte: large enough that the cost of one COPY for each batch does not matter.
const BATCH_CHARACTERS = 1_000_000;

/** Number of steps from `from` on that begin before `to`; this is also the number of readings of a sensor without gaps. */
export function stepCount({ from, to }: Steps, intervalSeconds: number): number {
  return Math.max(0, Math.ceil((to.getTime() - from.getTime()) / (intervalSeconds * 1000)));
}

/** The rows of a range in time order; moves `state` on, which must be that of the first step. */
export function* batches(
  set: SampleSet,
  state: object,
  options: SampleOptions,
  { from, to }: Steps,
): Generator<Batch> {
  const interval = options.intervalSeconds * 1000;
  const step = set.walk(state, options);
  let lines = noLines();
  let time = from.getTime();
  for (; time < to.getTime(); time += interval) {
    step(time, lines);
    if (lines.reduce((sum, text) => sum + text.length, 0) < BATCH_CHARACTERS) continue;
    yield { lines, next: time + interval };
    lines = noLines();
  }
  if (lines.some((text) => text !== '')) yield { lines, next: time };
}
