// Packed rows for tests, made of values as the database would send them.
import { types } from 'pg';
import { columnOf } from '../database/columns';
import { type PackedRows, Packer } from '../http/packed-rows';

const { BOOL, FLOAT8, JSONB, TEXT, TIMESTAMPTZ } = types.builtins;

/** The rows as they arrive from the database. Columns in `times` hold times as the API shows them. */
export function packed(rows: readonly object[], times: readonly string[] = []): PackedRows<object> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const all = rows as readonly Readonly<Record<string, unknown>>[];
  const packer = new Packer();
  for (const row of all) {
    const bytes = Buffer.concat([int(names.length, 2), ...names.map((name) => valueBytes(row[name]))]);
    // What was received has other messages around the row.
    packer.add(Buffer.concat([Buffer.from('D....'), bytes, Buffer.from('D')]), 5, 5 + bytes.length);
  }
  return packer.rows(
    names.map((name) => {
      const values = all.map((row) => row[name]);
      const type = times.includes(name) ? TIMESTAMPTZ : typeOf(values.find((value) => value !== null));
      return columnOf({ name, dataTypeID: type } as never);
    }),
  );
}

function typeOf(value: unknown): number {
  if (typeof value === 'number') return FLOAT8;
  if (typeof value === 'boolean') return BOOL;
  return typeof value === 'object' ? JSONB : TEXT;
}

function valueBytes(value: unknown): Buffer {
  if (value === null || value === undefined) return int(-1, 4);
  const text = Buffer.from(textOf(value));
  return Buffer.concat([int(text.length, 4), text]);
}

function textOf(value: unknown): string {
  if (typeof value === 'object') return JSON.stringify(value);
  if (typeof value === 'boolean') return value ? 't' : 'f';
  if (typeof value === 'number') return Object.is(value, -0) ? '-0' : String(value);
  const time = /^(\d{4}-\d\d-\d\d)T(.*)Z$/.exec(String(value));
  return time ? `${time[1]} ${time[2]}+00` : String(value);
}

function int(value: number, bytes: number): Buffer {
  const written = Buffer.alloc(bytes);
  written.writeIntBE(value, 0, bytes);
  return written;
}
