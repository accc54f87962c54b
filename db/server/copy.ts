// Writes rows with COPY, which is the fastest way, and never reads the source faster than the server takes the rows.
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Client, ClientBase } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { ident, literal } from '../core/sql';
import type { Hypertable } from '../language/hypertable';
import type { EngineName } from '../model';

/**
 * Streams lines of COPY text format into a relation (quoted name) and its columns.
 * @param chunks texts of whole lines, at least one per item.
 * @returns the number of rows the server took.
 */
export async function copyText(
  db: Pick<ClientBase, 'query'>,
  target: string,
  columns: readonly string[],
  chunks: Iterable<string> | AsyncIterable<string>,
  signal?: AbortSignal,
): Promise<number> {
  const copy = db.query(
    copyFrom(`COPY ${target} (${columns.map((name) => ident(name)).join(', ')}) FROM STDIN`),
  );
  await pipeline(Readable.from(batch(chunks), { objectMode: false }), copy, signal ? { signal } : {});
  return copy.rowCount;
}

/**
 * Sends CSV into a relation (quoted name) and its columns. The pieces together are whole records without a header; an empty
 * field is NULL.
 * @returns the number of rows the server took.
 */
export async function copyCsv(
  db: Pick<ClientBase, 'query'>,
  target: string,
  columns: readonly string[],
  delimiter: string,
  pieces: Iterable<Buffer>,
): Promise<number> {
  const copy = db.query(
    copyFrom(
      `COPY ${target} (${columns.map((name) => ident(name)).join(', ')}) FROM STDIN (FORMAT csv, DELIMITER ${literal(delimiter)})`,
    ),
  );
  await pipeline(Readable.from(slices(pieces), { objectMode: false }), copy);
  return copy.rowCount;
}

function* slices(pieces: Iterable<Buffer>): Generator<Buffer> {
  for (const bytes of pieces)
    for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** A value in COPY text format; null and absent are `\N`. */
export function copyValue(value: string | null | undefined): string {
  if (value === null || value === undefined) return '\\N';
  return value.replace(/[\\\b\f\n\r\t\v]/g, (character) => ESCAPES[character] ?? character);
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

/** Creates the chunks that rows of a time range will need. TimescaleDB creates them itself when rows are inserted. */
export async function ensureChunks(
  db: Client,
  engine: EngineName,
  table: Hypertable,
  from: Date | string,
  to: Date | string,
): Promise<void> {
  if (engine === 'timescaledb') return;
  await db.query(
    `SELECT tsdb.ensure_chunks(${literal(table.schema)}, ${literal(table.name)}, $1::timestamptz, $2::timestamptz)`,
    [from, to],
  );
}

/**
 * Creates the chunks that rows of these times will need, and no others: the range between two distant times could need
 * thousands. Only for engine `postgres`.
 */
export async function ensureChunksAt(
  db: Pick<ClientBase, 'query'>,
  table: Hypertable,
  times: readonly string[],
): Promise<void> {
  const [schema, name] = [literal(table.schema), literal(table.name)];
  await db.query(
    `WITH chunk AS MATERIALIZED (SELECT range_start, range_end FROM tsdb.chunk WHERE schema_name = ${schema} AND table_name = ${name})
     SELECT tsdb.ensure_chunks(${schema}, ${name}, t, t) FROM unnest($1::timestamptz[]) t
      WHERE NOT EXISTS (SELECT FROM chunk WHERE range_start <= t AND t < range_end)`,
    [times],
  );
}

// Lines are collected into larger writes, because a write for each line would cost more than its data.
async function* batch(chunks: Iterable<string> | AsyncIterable<string>): AsyncGenerator<Buffer> {
  let text = '';
  for await (const chunk of chunks) {
    text += chunk;
    if (text.length < 65_536) continue;
    yield Buffer.from(text);
    text = '';
  }
  if (text !== '') yield Buffer.from(text);
}
