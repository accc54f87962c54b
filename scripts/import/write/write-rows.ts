// Writes the rows of a batch into the table: its bytes as they stand, else their values, else row by row where need be.
import type { Client } from 'pg';
import { relation } from '../../../db/core/sql';
import { copyCsv, copyText } from '../../../db/server/copy';
import type { Batch } from '../check/check';
import { attempt, clearStage, copyLine, move, RowsDiffer, stage } from '../check/staging';
import type { ImportOptions } from '../options';
import { isZero, type RowSource } from '../read/row-source';
import { type PlacedRow, readRows, type Verdict, verdictOn, withoutRows } from '../read/rows';

/** What became of the rows of a batch. */
export interface Written {
  readonly rows: number;
  /** Rows whose keys were there. */
  readonly skipped: number;
  /** Refused rows, those of the first pass included. */
  readonly rejected: number;
  /** Those that only the table itself refused. */
  readonly refused: readonly Verdict[];
}

/**
 * Writes a batch inside a transaction, in the fastest way that it allows. Whatever the server says against its rows, the next
 * way is tried, and the last one asks about each of them.
 */
export async function writeRows(
  db: Client,
  options: ImportOptions,
  source: RowSource,
  batch: Batch,
  bytes: Buffer,
): Promise<Written> {
  const ways =
    options.onConflict === 'fail'
      ? [
          ...(batch.isUniform && source.rawColumns ? [sendBytes] : []),
          ...(canSendTexts(options, source) ? [sendTexts] : []),
        ]
      : [];
  const rows = batch.records - batch.refused.length;
  for (const way of ways) {
    if (await attempt(db, () => way(db, options, source, batch, bytes)))
      return { rows, skipped: 0, rejected: batch.refused.length, refused: [] };
  }
  return moveRows(db, options, source, batch, bytes);
}

async function sendBytes(db: Client, options: ImportOptions, source: RowSource, batch: Batch, bytes: Buffer) {
  const good = withoutRows(source, bytes, new Set(batch.refused));
  const columns = (source.rawColumns ?? []).map(({ name }) => name);
  requireAll(batch, await copyCsv(db, relation(options.table), columns, options.delimiter, good));
}

// The values of the first pass are those of the table, with nothing added or filled in by the way.
const canSendTexts = ({ format, shift }: ImportOptions, { columns }: RowSource): boolean =>
  isZero(shift) && (format === 'csv' || columns.every(({ column }) => column.defaultSql === undefined));

async function sendTexts(db: Client, options: ImportOptions, source: RowSource, batch: Batch, bytes: Buffer) {
  const columns = source.columns.map(({ name }) => name);
  requireAll(batch, await copyText(db, relation(options.table), columns, linesOf(source, batch, bytes)));
}

function* linesOf(source: RowSource, batch: Batch, bytes: Buffer): Generator<string> {
  const out = new Set(batch.refused);
  for (const { rows } of readRows(source, { bytes, line: batch.line }, (place) => !out.has(place)))
    for (const row of rows) yield copyLine(row);
}

function requireAll({ records, refused, line }: Batch, rows: number): void {
  if (rows !== records - refused.length)
    throw new RowsDiffer(`${rows} rows were taken of ${records - refused.length} from line ${line} on`);
}

async function moveRows(
  db: Client,
  options: ImportOptions,
  source: RowSource,
  batch: Batch,
  bytes: Buffer,
): Promise<Written> {
  const out = new Set(batch.refused);
  const staged: PlacedRow[] = [];
  const refused: Verdict[] = [];
  await clearStage(db);
  for (const slice of readRows(source, { bytes, line: batch.line }, (place) => !out.has(place))) {
    const unstaged = await stage(db, source.columns, slice.rows);
    const left = new Set(unstaged.map(({ row }) => row));
    for (const row of slice.rows)
      if (!left.has(row)) staged.push({ place: row.place, line: row.line, from: row.from, end: row.end });
    refused.push(...slice.refused, ...unstaged.map(({ row, reason }) => verdictOn(bytes, row, reason)));
  }
  const moved = await move(db, options, source.columns, staged, relation(options.table));
  refused.push(...moved.refused.map(({ row, reason }) => verdictOn(bytes, row, reason)));
  return {
    rows: moved.stored,
    skipped: staged.length - moved.stored - moved.refused.length,
    rejected: batch.refused.length + refused.length,
    refused,
  };
}
