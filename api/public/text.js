// Numbers, times, sizes and durations as people read them. All times are UTC.

/** A number with `digits` decimals in the reader's notation; a dash for none. */
export function numberText(value, digits = 1) {
  if (value == null) return '–';
  return Number(value).toLocaleString(undefined, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
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

const LENGTHS = [
  [86_400, 'day'],
  [3_600, 'hour'],
  [60, 'minute'],
];

/** A length of time as `3 hours`: one unit is exact enough to judge it. */
export function durationText(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  for (const [length, unit] of LENGTHS) {
    if (whole >= length * 1.5 || (unit === 'minute' && whole >= length)) {
      return countText(Math.round(whole / length), unit);
    }
  }
  return countText(whole, 'second');
}

/** How long ago a time is: `2 minutes ago`. */
export function agoText(iso, now = Date.now()) {
  const seconds = (now - Date.parse(iso)) / 1000;
  return seconds < 5 ? 'just now' : `${durationText(seconds)} ago`;
}
