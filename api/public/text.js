// Numbers, times, sizes and durations as people read them. All times are UTC.

/** A number with `digits` decimals in the reader's notation; a dash for none. */
export function numberText(value, digits = 1) {
  if (value == null) return '–';
  return Number(value).toLocaleString(undefined, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** The number that a chart can draw for a value of an answer: numbers that JSON cannot hold come as text. Null for NaN and infinity. */
export function drawable(value) {
  if (typeof value !== 'string') return value;
  return Number.isFinite(Number(value)) ? Number(value) : null;
}

/** A number of unknown size with about four digits: `0.0123`, `12.35`, `1,234,567`. */
export function figureText(value) {
  if (value == null) return '–';
  if (typeof value !== 'number') return String(value);
  const digits = Math.abs(value) >= 1000 ? 0 : 2;
  const small = value !== 0 && Math.abs(value) < 0.1;
  return small ? value.toPrecision(3) : value.toLocaleString(undefined, { maximumFractionDigits: digits });
}

/** `2026-11-20T11:11:24.123456Z` as `2026-11-20 11:11:24`. */
export const dateText = (iso) => iso.slice(0, 19).replace('T', ' ');

/** Seconds since 1970 as `2026-11-20 11:11:24`. */
export const secondsText = (seconds) => dateText(new Date(seconds * 1000).toISOString());

/** The time of day now, as `11:11:24 UTC`. */
export const clockText = () => `${new Date().toISOString().slice(11, 19)} UTC`;

/** `1 row`, `1,200 rows`. */
export function countText(count, one, many = `${one}s`) {
  return `${numberText(count, 0)} ${count === 1 ? one : many}`;
}

/** A size as `12 bytes`, `1.2 MB`. */
export function bytesText(bytes) {
  if (bytes == null) return '–';
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const step = bytes < 1 ? 0 : Math.min(Math.floor(Math.log10(bytes) / 3), units.length - 1);
  const value = bytes / 1000 ** step;
  return `${numberText(value, step === 0 || value >= 100 ? 0 : 1)} ${units[step]}`;
}

// Each unit from the seconds on that are more exact in it: 80 minutes are not yet `1 hour`.
const LENGTHS = [
  { unit: 'day', length: 86_400, from: 1.5 * 86_400 },
  { unit: 'hour', length: 3_600, from: 1.5 * 3_600 },
  { unit: 'minute', length: 60, from: 60 },
  { unit: 'second', length: 1, from: 0 },
];

/** A length of time in one unit, as `3 hours`, which is exact enough to judge it. */
export function durationText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  const { unit, length } = LENGTHS.find(({ from }) => whole >= from);
  return countText(Math.round(whole / length), unit);
}

/** How long ago a time is: `2 minutes ago`. */
export function agoText(iso) {
  const seconds = (Date.now() - Date.parse(iso)) / 1000;
  return seconds < 5 ? 'just now' : `${durationText(seconds)} ago`;
}
