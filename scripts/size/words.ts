// Figures of a prediction as people read them: rounded to what is known, with the range beside them.
import type { Range } from './range';

const BYTES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'];

/** `1.5 TB`: two digits, powers of ten, as disks are sold. */
export function size(bytes: number): string {
  // Rounded first, because 999.6 TB are 1 PB.
  const rounded = Number(bytes.toPrecision(2));
  const power = rounded < 1 ? 0 : Math.min(BYTES.length - 1, Math.floor(Math.log10(rounded) / 3));
  return `${twoDigits(bytes / 1_000 ** power)} ${BYTES[power]}`;
}

/** Two digits, because no figure here is known better; whole numbers keep their other digits as zeros. */
export function twoDigits(value: number): string {
  if (value === 0) return '0';
  const rounded = Number(value.toPrecision(2));
  return Math.abs(rounded) >= 1_000 ? rounded.toLocaleString('en') : String(rounded);
}

/** `1.5 TB (1.2 TB to 3 TB)`. */
export const between = ({ low, likely, high }: Range, word: (value: number) => string): string =>
  word(low) === word(high) ? word(likely) : `${word(likely)} (${word(low)} to ${word(high)})`;

const TIMES = [
  [365 * 86_400, 'years'],
  [86_400, 'days'],
  [3_600, 'hours'],
] as const;

/** `90 days`, `12 hours`. */
export function duration(seconds: number): string {
  const [length, unit] = TIMES.find(([each]) => seconds >= 2 * each) ?? [60, 'minutes'];
  const value = seconds / length;
  return `${value >= 10 ? Math.round(value) : Math.round(value * 10) / 10} ${unit}`;
}
