// What a set of sample data is: tables that are filled together, one step of time after the other.
import type { Hypertable } from '../../db/language/hypertable';
import type { PlainTable } from '../../db/language/table';
import type { Random } from './random';

/** Names of the sets with sample data, in a file that does not load the sets themselves. */
export const SAMPLE_NAMES = ['iot', 'monitoring', 'market', 'apm', 'business', 'metrics'] as const;

export type SampleName = (typeof SAMPLE_NAMES)[number];

export interface SampleOptions {
  /** How many series: sensors, symbols, endpoints, customers or devices. */
  readonly series: number;
  readonly intervalSeconds: number;
  readonly seed: number;
  /** Share of the time in which a sensor is silent, 0–1. */
  readonly gaps: number;
  /** Share of readings with one value at the far end of its range, 0–1. */
  readonly outliers: number;
}

/** Rows in COPY text format: one text of whole lines for each table of the set, of which there are five at most. */
export type Lines = [string, string, string, string, string];

export const noLines = (): Lines => ['', '', '', '', ''];

/** Adds the rows of [time, time + interval) to `lines` and moves the state of its walk on. */
export type Step = (time: number, lines: Lines) => void;

export interface SampleSet<State = object> {
  readonly name: string;
  /** Filled step by step; the first is the one that people count. */
  readonly tables: readonly Hypertable[];
  /** Rows that do not change, written before the first step. */
  readonly registry?: { readonly table: PlainTable; lines(options: SampleOptions): string };
  /** What the first step starts with: plain JSON, as it is stored between two runs. */
  begin(options: SampleOptions): State;
  /**
   * Makes the steps of a run, which begin at `state`. They must depend on nothing but state, options and time, so that a run
   * that is continued from the stored state gives the same rows as an uninterrupted one.
   */
  walk(state: State, options: SampleOptions): Step;
}

/** `12.34` as PostgreSQL reads it; twice as fast as toFixed. For values below 10^13. */
export function fixed2(value: number): string {
  const hundredths = Math.round(value * 100);
  if (hundredths < 0) return `-${fixed2(-value)}`;
  const rest = hundredths % 100;
  return `${(hundredths - rest) / 100}${FRACTIONS[rest]}`;
}

const FRACTIONS: readonly string[] = Array.from(
  { length: 100 },
  (_, at) => `.${String(at).padStart(2, '0')}`,
);

/** An instant in COPY text format. */
export const stamp = (time: number): string => new Date(time).toISOString();

/** `sensor_001` for 0. */
export const sensorId = (at: number): string => `sensor_${String(at + 1).padStart(3, '0')}`;

/** One value for each of the series. */
export const perSeries = <T>(series: number, make: (at: number) => T): T[] =>
  Array.from({ length: series }, (_, at) => make(at));

/** From -1 to 1 over a day, highest at the given hour (UTC). */
export const daily = (time: number, peakHour: number): number =>
  Math.cos(((time / 3_600_000 - peakHour) / 24) * 2 * Math.PI);

/**
 * Moves noise on by a step: an AR(1) process, whose standard deviation stays one whatever the interval is.
 * @param hours until the noise is forgotten to about a third.
 */
export function wandering(intervalSeconds: number, hours: number): (noise: number, random: Random) => number {
  const keep = Math.exp(-intervalSeconds / 3600 / hours);
  const renew = Math.sqrt(1 - keep ** 2);
  return (noise, random) => keep * noise + renew * random.normal();
}

export const clamp = (value: number, low: number, high: number): number =>
  Math.min(high, Math.max(low, value));

export const isWeekend = (time: number): boolean => new Date(time).getUTCDay() % 6 === 0;
