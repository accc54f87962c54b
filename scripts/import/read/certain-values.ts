// Values that the server takes for certain, told from their bytes. Anything else is not wrong: the server is asked.
const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;

/** Whether the bytes from `start` to `end` are a value of a column type for certain. */
export type CertainCheck = (bytes: Buffer, start: number, end: number) => boolean;

/** The check of a column type as `format_type()` prints it; a type without one is always asked about. */
export function certainCheckOf(type: string): CertainCheck {
  const varchar = /^character varying\((\d+)\)$/.exec(type);
  // There are at most as many characters as bytes.
  if (varchar) return (_bytes, start, end) => end - start <= Number(varchar[1]);
  return CHECKS[type] ?? (() => false);
}

const CHECKS: Readonly<Record<string, CertainCheck>> = {
  text: () => true,
  'double precision': decimal,
  real: decimal,
  numeric: decimal,
  smallint: whole(4),
  integer: whole(9),
  bigint: whole(18),
  boolean: (bytes, start, end) => {
    const text = end - start <= 5 ? bytes.toString('latin1', start, end) : '';
    return text === 'true' || text === 'false' || text === 't' || text === 'f';
  },
};

// Up to 15 digits before the point and 20 after it, which fits even into single precision.
function decimal(bytes: Buffer, start: number, end: number): boolean {
  let at = bytes[start] === MINUS ? start + 1 : start;
  const first = at;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  if (at === first || at - first > 15) return false;
  if (at === end) return true;
  if (bytes[at] !== POINT) return false;
  at += 1;
  const fraction = at;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  return at === end && at > fraction && at - fraction <= 20;
}

function whole(digits: number): CertainCheck {
  return (bytes, start, end) => {
    let at = bytes[start] === MINUS ? start + 1 : start;
    if (at === end || end - at > digits) return false;
    while (at < end) {
      if (!isDigit(bytes[at] as number)) return false;
      at += 1;
    }
    return true;
  };
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= 57;

const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Microseconds since 1970 of `2026-11-20T12:00:00.123456Z` and its like; NaN for what the server must read.
 * @param utc times without a zone are in UTC.
 */
export function certainTime(bytes: Buffer, start: number, end: number, utc: boolean): number {
  if (end - start < 19) return Number.NaN;
  const separator = bytes[start + 10];
  if (
    bytes[start + 4] !== MINUS ||
    bytes[start + 7] !== MINUS ||
    (separator !== 0x54 && separator !== 0x20) ||
    bytes[start + 13] !== COLON ||
    bytes[start + 16] !== COLON
  )
    return Number.NaN;
  // Not a digit anywhere makes a sum NaN.
  const year = two(bytes, start) * 100 + two(bytes, start + 2);
  const month = two(bytes, start + 5);
  const day = two(bytes, start + 8);
  const seconds = two(bytes, start + 11) * 3_600 + two(bytes, start + 14) * 60 + two(bytes, start + 17);
  if (!(year >= 1700 && year <= 2200 && month >= 1 && month <= 12 && day >= 1 && seconds >= 0))
    return Number.NaN;
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  if (day > (month === 2 && leap ? 29 : (DAYS[month - 1] as number))) return Number.NaN;
  if (two(bytes, start + 11) > 23 || two(bytes, start + 14) > 59 || two(bytes, start + 17) > 59)
    return Number.NaN;
  let at = start + 19;
  let micros = 0;
  if (at < end && bytes[at] === POINT) {
    at += 1;
    const fraction = at;
    while (at < end && isDigit(bytes[at] as number)) {
      micros = micros * 10 + (bytes[at] as number) - ZERO;
      at += 1;
    }
    const digits = at - fraction;
    if (digits === 0 || digits > 6) return Number.NaN;
    micros *= 10 ** (6 - digits);
  }
  const offset = zone(bytes, at, end, utc);
  return (daysOf(year, month, day) * 86_400 + seconds - offset) * 1_000_000 + micros;
}

// Seconds east of Greenwich.
function zone(bytes: Buffer, at: number, end: number, utc: boolean): number {
  if (at === end) return utc ? 0 : Number.NaN;
  const sign = bytes[at];
  if (sign === 0x5a && at + 1 === end) return 0;
  if (sign !== 0x2b && sign !== MINUS) return Number.NaN;
  const hours = two(bytes, at + 1);
  if (at + 3 > end || !(hours <= 14)) return Number.NaN;
  let minutes = 0;
  if (at + 6 === end && bytes[at + 3] === COLON) minutes = two(bytes, at + 4);
  else if (at + 5 === end) minutes = two(bytes, at + 3);
  else if (at + 3 !== end) return Number.NaN;
  if (!(minutes <= 59)) return Number.NaN;
  return (sign === MINUS ? -1 : 1) * (hours * 3_600 + minutes * 60);
}

function two(bytes: Buffer, at: number): number {
  const [tens, ones] = [(bytes[at] as number) - ZERO, (bytes[at + 1] as number) - ZERO];
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

// Days since 1970 in the Gregorian calendar, counted from March so that leap days come last.
function daysOf(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const ofEra = y - era * 400;
  const ofYear = Math.floor((153 * (month + (month > 2 ? -3 : 9)) + 2) / 5) + day - 1;
  return era * 146_097 + ofEra * 365 + Math.floor(ofEra / 4) - Math.floor(ofEra / 100) + ofYear - 719_468;
}

/** Microseconds since 1970 as RFC 3339 in UTC with six digits. */
export function timeOf(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0');
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${fraction}Z`;
}

const UNITS = { unix: 6, 'unix-ms': 3, 'unix-us': 0, 'unix-ns': -3 } as const;

/**
 * A unix time as a text that the server reads, exact to the microsecond; undefined for what is no number.
 * Digits beyond microseconds are cut off.
 */
export function unixTime(text: string, format: keyof typeof UNITS): string | undefined {
  const match = /^([+-]?)(\d{1,20})(?:\.(\d{0,12}))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, sign, digits = '', fraction = ''] = match;
  const scaled = BigInt(`${digits}${fraction.padEnd(12, '0')}`) * 10n ** 3n;
  // Twelve digits of fraction and three more for nanoseconds.
  let micros = (scaled * 10n ** BigInt(UNITS[format] + 3)) / 10n ** 18n;
  if (sign === '-') micros = -micros;
  const limit = 9_007_199_254_740_991n;
  if (micros > limit || micros < -limit) return undefined;
  return timeOf(Number(micros));
}
