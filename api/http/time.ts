// Times in UTC: as text, RFC 3339 up to microseconds, and as instants, whole microseconds since 1970. A JavaScript Date has only milliseconds.
import { ProblemError } from './problems';

const TIME =
  /^(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?)?\s*([Zz]|[+-]\d\d(?::?\d\d)?)?$/;

/** Milliseconds since 1970, as Grafana and JavaScript write them: 13 digits, from the year 2001 to 2286. */
const EPOCH_MS = /^\d{13}$/;

/**
 * Reads a time and returns it as RFC 3339 in UTC, up to microseconds: `2026-11-01` → `2026-11-01T00:00:00Z`. Only here, in the
 * parameters of requests, 13 digits are milliseconds since 1970: in a row, a number is not said to be a time.
 * @throws ProblemError (bad-time) that names the parameter and the allowed forms.
 */
export function parseTime(name: string, text: string): string {
  const time = EPOCH_MS.test(text) ? timeText(currentInstant(Number(text))) : canonicalTime(text);
  if (time !== undefined) return time;
  throw new ProblemError(
    'bad-time',
    `${name} is ${JSON.stringify(text.slice(0, 40))}; write a time as in RFC 3339, for example ${name}=2026-11-20T12:00:00Z, a date, or 13 digits: milliseconds since 1970. In a URL, write + as %2B`,
  );
}

/**
 * The canonical text of a time, as `parseTime` returns it; undefined when the text is not a time. Without an offset it is UTC.
 * A leap second, 23:59:60 in UTC, is the first second of the next day, because neither PostgreSQL nor JavaScript has leap seconds.
 */
export function canonicalTime(text: string): string | undefined {
  const match = TIME.exec(text);
  if (!match) return undefined;
  const [year, month, day, hour = 0, minute = 0, second = 0] = match
    .slice(1, 7)
    .map((part) => (part === undefined ? undefined : Number(part))) as [number, number, number, ...number[]];
  // Date.UTC reads the 31st of February as the 3rd of March, and years below 100 as years of the last century.
  const date = new Date(Date.UTC(year, month - 1, day));
  if (year < 100 || date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined;
  if (hour > 23 || minute > 59 || second > 60) return undefined;
  const offset = offsetMs(match[8]);
  if (offset === undefined) return undefined;
  const ms = Date.UTC(year, month - 1, day, hour, minute, second) - offset;
  if (second === 60 && ms % DAY_MS !== 0) return undefined;
  const utc = new Date(ms).toISOString();
  // An offset can move a time on the first or last day out of the calendar.
  if (utc.length !== 24) return undefined;
  return trimmed(`${utc.slice(0, 19)}.${(match[7] ?? '0').slice(0, 6)}`);
}

const DAY_MS = 86_400_000;

/** The canonical form of a time with a fraction: without trailing zeros. */
const trimmed = (time: string): string => `${time.replace(/\.?0+$/, '')}Z`;

function offsetMs(text: string | undefined): number | undefined {
  if (text === undefined || /^z$/i.test(text)) return 0;
  const [hours, minutes] = [Number(text.slice(1, 3)), Number(text.slice(3).replace(':', '') || 0)];
  if (hours > 15 || minutes > 59) return undefined;
  return (text.startsWith('-') ? -1 : 1) * (hours * 60 + minutes) * 60_000;
}

/** The instant of a canonical time. */
export function instantOf(time: string): bigint {
  const fraction = /\.(\d+)Z$/.exec(time)?.[1] ?? '';
  return BigInt(Date.parse(`${time.slice(0, 19)}Z`)) * 1_000n + BigInt(fraction.padEnd(6, '0'));
}

/** The first and the last instant that requests can write. */
export const EARLIEST = instantOf('0100-01-01T00:00:00Z');
export const LATEST = instantOf('9999-12-31T23:59:59.999999Z');

/** An instant as a canonical time; outside of the calendar it is the end of the calendar. */
export function timeText(at: bigint): string {
  const within = at < EARLIEST ? EARLIEST : at > LATEST ? LATEST : at;
  const ms = floorDivide(within, 1_000n);
  const microseconds = String(within - ms * 1_000n).padStart(3, '0');
  return trimmed(`${new Date(Number(ms)).toISOString().slice(0, 23)}${microseconds}`);
}

/** The present; or the instant of a time in milliseconds. */
export const currentInstant = (ms = Date.now()): bigint => BigInt(ms) * 1_000n;

/** Division that rounds down. BigInt division rounds towards zero, which would move times before 1970 forward. */
export function floorDivide(a: bigint, b: bigint): bigint {
  const quotient = a / b;
  return a % b < 0n ? quotient - 1n : quotient;
}
