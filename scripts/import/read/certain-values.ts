// Tells from bytes alone that a value is certainly valid for a column. Other values may be valid too: the server decides on them.
const ZERO = 0x30;
const MINUS = 0x2d;
const POINT = 0x2e;
const COLON = 0x3a;

/** Whether the bytes from `start` to `end` are certainly a valid value of a column type. */
export type CertainCheck = (bytes: Buffer, start: number, end: number) => boolean;

/** The check of a column type as `format_type()` prints it. A type without a check has no certain values. */
export function certainCheckOf(type: string): CertainCheck {
  const varchar = /^character varying\((\d+)\)$/.exec(type);
  // A text has at most as many characters as bytes.
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
  date: (bytes, start, end) => end - start === 10 && !Number.isNaN(certainTime(bytes, start, end, true)),
  boolean: (bytes, start, end) => {
    const text = end - start <= 5 ? bytes.toString('latin1', start, end) : '';
    return text === 'true' || text === 'false' || text === 't' || text === 'f';
  },
};

/** Whether the bytes are certainly a text that can name a series: they have a visible character that is no point. */
export const certainSeriesKey: CertainCheck = (bytes, start, end) => {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte > 0x20 && byte < 0x7f && byte !== POINT) return true;
  }
  return false;
};

// At most 15 digits before the point and 20 after it: such a number fits even into single precision, and into the limits of db/core/number-limits.ts.
function decimal(bytes: Buffer, start: number, end: number): boolean {
  const first = afterMinus(bytes, start);
  const point = afterDigits(bytes, first, end);
  if (point === first || point - first > 15) return false;
  if (point === end) return true;
  const decimals = end - point - 1;
  return (
    bytes[point] === POINT && decimals >= 1 && decimals <= 20 && afterDigits(bytes, point + 1, end) === end
  );
}

function whole(mostDigits: number): CertainCheck {
  return (bytes, start, end) => {
    const first = afterMinus(bytes, start);
    return first < end && end - first <= mostDigits && afterDigits(bytes, first, end) === end;
  };
}

const afterMinus = (bytes: Buffer, start: number): number => (bytes[start] === MINUS ? start + 1 : start);

function afterDigits(bytes: Buffer, start: number, end: number): number {
  let at = start;
  while (at < end && isDigit(bytes[at] as number)) at += 1;
  return at;
}

const isDigit = (byte: number): boolean => byte >= ZERO && byte <= ZERO + 9;

/**
 * Microseconds since 1970 of a time like `2026-11-20T12:00:00.123456Z`, `2026-11-20 12:00` or `2026-11-20`; NaN for a text that the server must read.
 * @param isUtc times without a zone are in UTC.
 */
export function certainTime(bytes: Buffer, start: number, end: number, isUtc: boolean): number {
  const length = end - start;
  const hasSeconds = length >= 19;
  const hasTime = hasSeconds || length === 16;
  const separator = bytes[start + 10];
  if (
    !(hasTime || length === 10) ||
    bytes[start + 4] !== MINUS ||
    bytes[start + 7] !== MINUS ||
    (hasTime && ((separator !== 0x54 && separator !== 0x20) || bytes[start + 13] !== COLON)) ||
    (hasSeconds && bytes[start + 16] !== COLON)
  )
    return Number.NaN;
  // A byte that is not a digit makes its number NaN, which no comparison accepts.
  const year = two(bytes, start) * 100 + two(bytes, start + 2);
  const month = two(bytes, start + 5);
  const day = two(bytes, start + 8);
  const hour = hasTime ? two(bytes, start + 11) : 0;
  const minute = hasTime ? two(bytes, start + 14) : 0;
  const second = hasSeconds ? two(bytes, start + 17) : 0;
  if (
    !(year >= 1700 && year <= 2200 && month >= 1 && month <= 12 && hour <= 23 && minute <= 59 && second <= 59)
  )
    return Number.NaN;
  // Day 0 of the next month is the last day of this one.
  if (!(day >= 1 && (day <= 28 || day <= new Date(Date.UTC(year, month, 0)).getUTCDate()))) return Number.NaN;
  let at = Math.min(start + 19, end);
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
  const milliseconds = Date.UTC(year, month - 1, day, hour, minute, second);
  return (milliseconds - offsetMinutes(bytes, at, end, isUtc) * 60_000) * 1_000 + micros;
}

/** Minutes east of Greenwich; NaN for a zone that the server must read. */
function offsetMinutes(bytes: Buffer, at: number, end: number, isUtc: boolean): number {
  if (at === end) return isUtc ? 0 : Number.NaN;
  const sign = bytes[at];
  if (sign === 0x5a && at + 1 === end) return 0;
  if ((sign !== 0x2b && sign !== MINUS) || at + 3 > end) return Number.NaN;
  const hours = two(bytes, at + 1);
  let minutes = Number.NaN;
  if (at + 3 === end) minutes = 0;
  else if (at + 5 === end) minutes = two(bytes, at + 3);
  else if (at + 6 === end && bytes[at + 3] === COLON) minutes = two(bytes, at + 4);
  return hours <= 14 && minutes <= 59 ? (sign === MINUS ? -1 : 1) * (hours * 60 + minutes) : Number.NaN;
}

function two(bytes: Buffer, at: number): number {
  const tens = (bytes[at] as number) - ZERO;
  const ones = (bytes[at + 1] as number) - ZERO;
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : Number.NaN;
}

/** Microseconds since 1970 as RFC 3339 in UTC with six digits. */
export function timeOf(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = String(micros - seconds * 1_000_000).padStart(6, '0');
  return `${new Date(seconds * 1_000).toISOString().slice(0, 19)}.${fraction}Z`;
}

/** How many digits lie between one and the unit. */
const UNIT_DIGITS = { unix: 0, 'unix-ms': 3, 'unix-us': 6, 'unix-ns': 9 } as const;

/**
 * A unix time as a text that the server reads, exact to the microsecond; undefined for a text that is not a number.
 * Digits beyond microseconds are cut off.
 */
export function unixTime(text: string, format: keyof typeof UNIT_DIGITS): string | undefined {
  const match = /^([+-]?)(\d{1,20})(?:\.(\d{0,12}))?$/.exec(text.trim());
  if (!match) return undefined;
  const [, sign, digits = '', fraction = ''] = match;
  // The number with twelve decimals, without its point, is 10 ** (6 + UNIT_DIGITS) times as many microseconds.
  const micros = Number(BigInt(digits + fraction.padEnd(12, '0')) / 10n ** BigInt(6 + UNIT_DIGITS[format]));
  if (!Number.isSafeInteger(micros)) return undefined;
  return timeOf(sign === '-' ? -micros : micros);
}
