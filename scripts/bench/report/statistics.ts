// Turns repeated measurements into what is reported of them: the median, and how far the others lie from it.
import { counted } from '../../../db/core/quantities';

/** Milliseconds, rows or requests per second, megabytes (10^6 bytes), or times as much. */
export type Unit = 'ms' | 'rows/s' | 'requests/s' | 'MB' | '×';

/** One figure with its spread. All numbers are in `unit`. */
export interface Measured {
  readonly unit: Unit;
  /** Number of measurements, without warm-up runs. */
  readonly runs: number;
  readonly median: number;
  readonly min: number;
  /** A quarter of the measurements lies below this. */
  readonly q1: number;
  /** A quarter of the measurements lies above this. */
  readonly q3: number;
  readonly max: number;
}

/**
 * Summarises measurements; a quartile that falls between two of them is interpolated.
 * @throws RangeError when there is no measurement, or one is not a finite number.
 */
export function summarize(values: readonly number[], unit: Unit): Measured {
  if (values.length === 0 || !values.every(Number.isFinite))
    throw new RangeError(`cannot sum up [${values.join(', ')}] ${unit}`);
  const sorted = [...values].sort((a, b) => a - b);
  return {
    unit,
    runs: sorted.length,
    median: quantile(sorted, 0.5),
    min: quantile(sorted, 0),
    q1: quantile(sorted, 0.25),
    q3: quantile(sorted, 0.75),
    max: quantile(sorted, 1),
  };
}

/**
 * How many times as much the first side is, from pairs that were measured one right after the other, so that other work on
 * the machine affects both. It is the median of the ratios of the pairs, not the ratio of the medians.
 */
export function summarizeRatio(over: readonly number[], under: readonly number[]): Measured {
  if (over.length !== under.length)
    throw new RangeError(`${counted(over.length, 'measurement')} cannot be paired with ${under.length}`);
  return summarize(
    over.map((value, at) => value / (under[at] as number)),
    '×',
  );
}

/** Memory in megabytes, from bytes; null when no run could tell it. */
export function summarizeMemory(bytes: readonly (number | null)[]): Measured | null {
  const megabytes = bytes.flatMap((value) => (value === null ? [] : [value / 1e6]));
  return megabytes.length === 0 ? null : summarize(megabytes, 'MB');
}

/** The value that this fraction of the measurements is at most. */
export const percentile = (values: readonly number[], fraction: number): number =>
  values.length === 0
    ? Number.NaN
    : quantile(
        [...values].sort((a, b) => a - b),
        fraction,
      );

function quantile(sorted: readonly number[], fraction: number): number {
  const place = (sorted.length - 1) * fraction;
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place - Math.floor(place));
}
