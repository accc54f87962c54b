// Turns a point into the rows of a table, as the table's `ingest` declaration says.
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import { bareValue } from '../../database/converters';
import type { SentRow } from '../rows';
import type { FieldValue, Point, SentPoint } from './point';

/** The rows of a point in a table that takes it: one, or one per field. `receivedAt` (milliseconds) is the time of a point without one. */
export function pointRows(table: Hypertable, sent: SentPoint, receivedAt: number): readonly SentRow[] {
  const { line, source, point, reason } = sent;
  if (point === undefined) return [{ line, source, reason: reason ?? 'it is not a point' }];
  if (point.name === '') return [{ line, source, reason: 'the point has no name' }];
  if (point.fields.length === 0) return [{ line, source, reason: 'the point has no value' }];
  const time = point.time ?? new Date(receivedAt).toISOString();
  if (table.ingest?.value === undefined) {
    const row = wideRow(table, point, time);
    return [typeof row === 'string' ? { line, source, reason: row } : { line, source, value: row }];
  }
  return point.fields.map((field) => {
    const one: Point = point.fields.length === 1 ? point : { ...point, fields: [field] };
    const row = longRow(table, one, field, time);
    // A part of a line is kept as a point, because the rest of the line may be stored.
    const kept = point.fields.length === 1 ? source : one;
    return typeof row === 'string' ? { line, source: kept, reason: row } : { line, source: kept, value: row };
  });
}

type Row = Record<string, unknown>;

/** Adds a member to a row; one that is named `__proto__` is a member like any other. False when there is one already. */
function put(row: Row, key: string, value: unknown): boolean {
  if (Object.hasOwn(row, key)) return false;
  if (key === '__proto__')
    Object.defineProperty(row, key, { value, enumerable: true, configurable: true, writable: true });
  else row[key] = value;
  return true;
}

/** Tags and fields are columns; those without one go into the jsonb columns, or are refused by the row reader. */
function wideRow(table: Hypertable, { name, tags, fields }: Point, time: string): Row | string {
  const { ingest } = table;
  const row: Row = {};
  if (ingest?.name !== undefined) row[ingest.name] = name;
  const kept = new Map<string, Row>();
  for (const [key, text] of tags) {
    const column = freeColumn(table, key);
    const fault = putWide({ table, row, kept }, [key, tagValue(column, text)], column, ingest?.tags);
    if (fault !== undefined) return fault;
  }
  for (const [key, value] of fields) {
    const fault = putWide({ table, row, kept }, [key, value], freeColumn(table, key), ingest?.fields);
    if (fault !== undefined) return fault;
  }
  for (const [column, members] of kept) row[column] = members;
  row[table.time] = time;
  return row;
}

interface WideRow {
  readonly table: Hypertable;
  readonly row: Row;
  /** The members of the jsonb columns. */
  readonly kept: Map<string, Row>;
}

/** Puts a tag or a field into its column, or into the column `rest`; returns why that is not possible. */
function putWide(
  { table, row, kept }: WideRow,
  [key, value]: readonly [string, unknown],
  column: Column | undefined,
  rest: string | undefined,
): string | undefined {
  if (key === table.time) return `${key} must be at the end of the line, as a number`;
  let members = row;
  if (column === undefined) {
    if (rest !== undefined) {
      members = kept.get(rest) ?? {};
      kept.set(rest, members);
    } else if (isTaken(table, key)) return takenReason(key);
  }
  return put(members, key, value) ? undefined : `${key} is given twice`;
}

/** The row of one field: its name is that of the point, with the name of the field behind it unless that is `value`. */
function longRow(
  table: Hypertable,
  { name, tags }: Point,
  [field, value]: readonly [string, FieldValue],
  time: string,
): Row | string {
  const { ingest } = table;
  const row: Row = {};
  const labels: Row = {};
  for (const [key, text] of tags) {
    const column = freeColumn(table, key);
    const members = column === undefined && ingest?.tags !== undefined ? labels : row;
    if (members === row && isTaken(table, key)) return takenReason(key);
    if (!put(members, key, tagValue(column, text))) return `${key} is given twice`;
  }
  if (ingest?.tags !== undefined) row[ingest.tags] = labels;
  if (ingest?.name !== undefined) row[ingest.name] = field === 'value' ? name : `${name}_${field}`;
  if (typeof value === 'string') {
    if (ingest?.text === undefined)
      return `field ${field} is a text, and the table has no column for texts (ingest.text)`;
    row[ingest.text] = value;
  } else {
    // Samples are floating-point numbers in the protocols of agents: a large counter becomes the nearest one.
    row[ingest?.value ?? ''] = value === null ? null : Number(value);
  }
  row[table.time] = time;
  return row;
}

const tagValue = (column: Column | undefined, text: string): unknown =>
  column ? bareValue(column.type, text) : text;

/**
 * The column that a tag or a field of this name fills. Columns that are filled with something else do not count: a label `name` is not
 * the name of the metric, and would be lost under it.
 */
const freeColumn = (table: Hypertable, key: string): Column | undefined =>
  Object.hasOwn(table.columns, key) && !isTaken(table, key)
    ? (table.columns as Readonly<Record<string, Column>>)[key]
    : undefined;

/** Whether `ingest` says what the column is filled with. */
const isTaken = ({ ingest, time }: Hypertable, key: string): boolean =>
  ingest !== undefined &&
  (key === ingest.name ||
    key === ingest.tags ||
    key === ingest.fields ||
    key === ingest.value ||
    key === ingest.text ||
    (ingest.value !== undefined && key === time));

const takenReason = (key: string): string =>
  `${key} is a column that is filled with something else, and no column keeps others (ingest.tags, ingest.fields)`;
