// Rows of a body in line protocol: tags and fields are columns, the timestamp is the table's time.
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import { bareValue } from '../../database/converters';
import { publicName } from '../../database/tables';
import { EARLIEST, floorDivide, LATEST, timeText } from '../../http/time';
import type { Precision, SentRow } from '../rows';
import { isSkipped, type Point, parseLine } from './line-protocol';

const NANOSECONDS: Readonly<Record<Precision, bigint>> = {
  ns: 1n,
  us: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
};

/** The rows of the lines; `receivedAt` (milliseconds) is the time of lines without one. */
export function* lineProtocolRows(
  table: Hypertable,
  body: string,
  precision: Precision,
  receivedAt: number,
): Generator<SentRow> {
  let line = 0;
  for (const text of body.split('\n')) {
    line += 1;
    const source = text.endsWith('\r') ? text.slice(0, -1) : text;
    if (isSkipped(source)) continue;
    const point = parseLine(source);
    const row = typeof point === 'string' ? point : rowOf(table, point, precision, receivedAt);
    yield typeof row === 'string' ? { line, source, reason: row } : { line, source, value: row };
  }
}

function rowOf(
  table: Hypertable,
  { measurement, tags, fields, timestamp }: Point,
  precision: Precision,
  receivedAt: number,
): object | string {
  if (measurement !== table.name && measurement !== publicName(table))
    return `the measurement ${JSON.stringify(measurement.slice(0, 60))} is not this table; write ${publicName(table)}`;
  // Without a prototype, a key named `__proto__` is a key like any other.
  const row: Record<string, unknown> = Object.create(null);
  for (const [key, value] of tags) {
    if (key in row) return `${key} is given twice`;
    const column = (table.columns as Readonly<Record<string, Column | undefined>>)[key];
    row[key] = column ? bareValue(column.type, value) : value;
  }
  for (const [key, value] of fields) {
    if (key in row) return `${key} is given twice`;
    row[key] = value;
  }
  if (table.time in row) return `${table.time} must be at the end of the line, as a number`;
  const time = timestamp === undefined ? new Date(receivedAt).toISOString() : timeOf(timestamp, precision);
  if (time === undefined)
    return `the time ${timestamp} is out of range; is it in ${precision}? (query parameter precision)`;
  row[table.time] = time;
  return row;
}

/** `1556813561098000001` ns → `2019-05-02T16:12:41.098Z`: cut to microseconds, which is what the database keeps. */
function timeOf(timestamp: string, precision: Precision): string | undefined {
  const at = floorDivide(BigInt(timestamp) * NANOSECONDS[precision], 1_000n);
  return at < EARLIEST || at > LATEST ? undefined : timeText(at);
}
