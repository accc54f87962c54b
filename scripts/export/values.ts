// Rows of an export, and their values: the database gives texts, the file gets times as in RFC 3339 with microseconds and
// numbers without loss.

/** A column of a result: its name and the OID of its type. */
export interface ExportColumn {
  readonly name: string;
  readonly type: number;
}

/** Values of one row as the database writes them; null is NULL. */
export type TextRow = readonly (string | null)[];

/** Makes the bytes of one file: rows go in one at a time. */
export interface RowWriter {
  /** Takes the next row. */
  add(row: TextRow): void;
  /** The bytes that are ready and were not taken yet. */
  take(): readonly Uint8Array[];
  /** Ends the file: the bytes that `take` did not give. */
  finish(): readonly Uint8Array[];
}

/** OIDs of the built-in types that are not just text. They are part of PostgreSQL's protocol and never change. */
export const TYPE = {
  boolean: 16,
  bigint: 20,
  smallint: 21,
  integer: 23,
  oid: 26,
  json: 114,
  real: 700,
  double: 701,
  date: 1082,
  timestamp: 1114,
  timestamptz: 1184,
  numeric: 1700,
  uuid: 2950,
  jsonb: 3802,
} as const;

const TIME = /^(\d{4,6})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?(\+00)?( BC)?$/;

/**
 * `2026-11-20 11:11:24.12+00` → `2026-11-20T11:11:24.120000Z`; without a zone when it has none. Infinity and years before
 * Christ or after 9999 have no such form, and stay as the database writes and reads them.
 */
export function timeText(text: string): string {
  if (text[10] !== ' ' || text.length > 29 || text.endsWith('BC')) return text;
  const zoned = text.endsWith('+00');
  const bare = zoned ? text.slice(0, -3) : text;
  const fraction = bare.slice(20).padEnd(6, '0');
  return `${bare.slice(0, 10)}T${bare.slice(11, 19)}.${fraction}${zoned ? 'Z' : ''}`;
}

/** A time, in UTC, as microseconds since 1970; undefined for infinity. */
export function microseconds(text: string): bigint | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const days = dayNumber(match[9] === undefined ? year : 1 - year, month, day);
  const seconds = days * 86_400 + hour * 3_600 + minute * 60 + second;
  return BigInt(seconds) * 1_000_000n + BigInt((match[7] ?? '').padEnd(6, '0'));
}

/** A date as days since 1970; undefined for infinity. */
export function days(text: string): number | undefined {
  const match = /^(\d{4,7})-(\d\d)-(\d\d)( BC)?$/.exec(text);
  if (!match) return undefined;
  const year = Number(match[1]);
  return dayNumber(match[4] === undefined ? year : 1 - year, Number(match[2]), Number(match[3]));
}

// The Gregorian calendar repeats itself every 400 years. The database has it for more years than a JavaScript Date does, so the
// day is looked up in the 400 years from 2000 on.
function dayNumber(year: number, month: number, day: number): number {
  const repeats = Math.floor(year / 400) - 5;
  return Date.UTC(year - repeats * 400, month - 1, day) / 86_400_000 + repeats * 146_097;
}

/** The value as a text that import reads back as the same value. */
export function plainText(text: string, type: number): string {
  return type === TYPE.timestamptz || type === TYPE.timestamp ? timeText(text) : text;
}
