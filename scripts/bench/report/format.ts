// How figures are written for people: three significant digits, always with a unit.
import { wordFor } from '../../../db/core/quantities';
import type { BenchReport, Machine } from './report';
import type { Measured, Unit } from './statistics';

/** `1,234`, `12.3`, `0.012`: at least three significant digits, thousands with commas. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size >= 100 || value === 0) return Math.round(value).toLocaleString('en');
  const digits = size >= 10 ? 1 : size >= 1 ? 2 : Math.min(6, 2 - Math.floor(Math.log10(size)));
  return value.toFixed(digits);
}

/** `12.3 ms`, `54.1×`. */
export const withUnit = (value: number, unit: Unit): string =>
  unit === '×' ? `${number(value)}×` : `${number(value)} ${unit}`;

/** The median with its unit. */
export const medianOf = ({ median, unit }: Measured): string => withUnit(median, unit);

/** From the first to the third quartile: half of the measurements. */
export const middleOf = ({ q1, q3, unit }: Measured): string => between(q1, q3, unit);

/** From the smallest to the largest. */
export const rangeOf = ({ min, max, unit }: Measured): string => between(min, max, unit);

/** Median and spread as two cells of a table: `12.3 ms`, `12.1–12.9 (11.8–14.0)`. */
export const spreadOf = (measured: Measured): readonly [string, string] => [
  medianOf(measured),
  `${number(measured.q1)}–${number(measured.q3)} (${number(measured.min)}–${number(measured.max)})`,
];

/** How a speed compares, from the ratio of speeds: `65.6× faster`, `1.67× slower`, `as fast`. */
export function compareSpeed(ratio: number): string {
  const times = number(Math.max(ratio, 1 / ratio));
  if (times === number(1)) return 'as fast';
  return `${times}× ${ratio > 1 ? 'faster' : 'slower'}`;
}

/** `82.8 %`. */
export const percent = (value: number): string => `${value.toFixed(1)} %`;

/** `1.5 GB`: powers of ten, as disks are sold. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const power = count < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log10(count) / 3));
  return `${number(count / 1_000 ** power)} ${units[power]}`;
}

export const count = (value: number): string => value.toLocaleString('en');

/** `1 row`, `5,256,000 rows`. */
export const counted = (value: number, one: string): string => `${count(value)} ${wordFor(value, one)}`;

/** `Intel … (2 cores), 25.2 GB, Debian …, Node.js 20.20.0`. */
export const machineLine = (machine: Omit<Machine, 'loadBefore' | 'loadAfter'>): string => {
  const { cpu, cores, memoryBytes, os, node } = machine;
  return `${cpu} (${counted(cores, 'core')}), ${bytes(memoryBytes)} memory, ${os}, Node.js ${node}`;
};

/** One line with the options of the run. */
export const optionsLine = ({ options }: Pick<BenchReport, 'options'>): string =>
  `${counted(options.sensors, 'sensor')}, a reading every ${options.intervalSeconds} s, ${counted(options.days, 'day')}; ${counted(options.rows, 'row')} per ingest measurement; ${counted(options.repeat, 'measurement')} of each figure after one that is thrown away`;

const between = (low: number, high: number, unit: Unit): string => `${number(low)}–${withUnit(high, unit)}`;
