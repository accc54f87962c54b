// What the logical types of Avro and Kafka Connect mean: times, dates, times of day and decimal numbers.
import { ExactNumber, exactNumber } from '../../db/core/exact-json';
import type { TimeUnit } from '../../db/language/stream';
import { Unreadable } from './decoder';
import { timeOfNumber } from './epoch-time';

/** Makes what is meant out of what is written; a value that cannot mean it stays as it is, and whoever checks the row refuses it. */
export type Meaning = (value: unknown) => unknown;

/** An instant, as RFC 3339. */
export const instantIn =
  (unit: TimeUnit): Meaning =>
  (value) =>
    isNumber(value) ? (timeOfNumber(String(value), unit) ?? value) : value;

/** A time without a zone. */
export const localTimeIn =
  (unit: TimeUnit): Meaning =>
  (value) =>
    isNumber(value) ? (timeOfNumber(String(value), unit)?.slice(0, -1) ?? value) : value;

/** Days since 1970, as `2026-11-20`. */
export const dateOfDays: Meaning = (value) => {
  if (typeof value !== 'number') return value;
  const time = timeOfNumber(String(value * 86_400), 's');
  return time === undefined ? value : time.slice(0, 10);
};

/** Time since midnight, as `12:00:00.25`. */
export const timeOfDayIn =
  (unit: TimeUnit): Meaning =>
  (value) => {
    const time = isNumber(value) ? timeOfNumber(String(value), unit) : undefined;
    return time?.startsWith('1970-01-01T') ? time.slice(11, -1) : value;
  };

/** Bytes of a decimal number: its digits as a whole number in two's complement. @throws Unreadable when it is far too long. */
export function decimalOf(bytes: Buffer, scale: number): number | ExactNumber {
  if (bytes.length > LONGEST_DECIMAL || !(Math.abs(scale) <= LARGEST_SCALE))
    throw new Unreadable(`a decimal number of ${bytes.length} bytes and scale ${scale} is too long`);
  const raw = bytes.length === 0 ? 0n : BigInt.asIntN(8 * bytes.length, BigInt(`0x${bytes.toString('hex')}`));
  const digits = String(raw < 0n ? -raw : raw).padStart(scale + 1, '0');
  const whole =
    scale > 0 ? `${digits.slice(0, -scale)}.${digits.slice(-scale)}` : digits + '0'.repeat(-scale);
  return exactNumber(`${raw < 0n ? '-' : ''}${whole.replace(/^0+(?=\d)/, '')}`);
}

const LONGEST_DECIMAL = 8_192;
const LARGEST_SCALE = 16_383;

const isNumber = (value: unknown): value is number | ExactNumber =>
  typeof value === 'number' || value instanceof ExactNumber;

/** The logical types of Kafka Connect and Debezium that are numbers, by the names of their schemas. */
export const CONNECT_TYPES: ReadonlyMap<string, Meaning> = new Map([
  ['org.apache.kafka.connect.data.Timestamp', instantIn('ms')],
  ['org.apache.kafka.connect.data.Date', dateOfDays],
  ['org.apache.kafka.connect.data.Time', timeOfDayIn('ms')],
  ['io.debezium.time.Timestamp', instantIn('ms')],
  ['io.debezium.time.MicroTimestamp', instantIn('us')],
  ['io.debezium.time.NanoTimestamp', instantIn('ns')],
  ['io.debezium.time.Date', dateOfDays],
  ['io.debezium.time.Time', timeOfDayIn('ms')],
  ['io.debezium.time.MicroTime', timeOfDayIn('us')],
  ['io.debezium.time.NanoTime', timeOfDayIn('ns')],
]);

/** A number that JSON does not have as text, such as `NaN`. */
export const finite = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

/** A whole number of 64 bits, exactly. */
export function wholeNumber(value: bigint): number | ExactNumber {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : new ExactNumber(String(value));
}
