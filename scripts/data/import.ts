// Imports a CSV file into a hypertable: all of it or nothing, once, and the aggregates follow.
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { Client } from 'pg';
import { withTransaction } from '../../db/connection';
import { copyText, ensureChunks } from '../../db/copy';
import { type Hypertable, nameOf } from '../../db/define';
import { messageOf, RefusedError, UsageError } from '../../db/errors';
import type { Desired, EngineName } from '../../db/model';
import { type RefreshResult, refreshAggregates, withDependents } from '../../db/refresh';
import { ident, literal, relation } from '../../db/sql';
import { type ColumnMapping, csvRows, type FilledColumn, filledColumns, readHeader } from './csv';

export interface ImportOptions {
  readonly file: string;
  readonly table: Hypertable;
  readonly mapping: ColumnMapping;
  /** Time zone of times without one, e.g. `UTC` or `Europe/Berlin`. */
  readonly zone: string;
  /** Added to each time: a PostgreSQL interval such as `15 years`. */
  readonly shift: string;
  /** Take rows that retention will drop at its next run. */
  readonly allowExpired: boolean;
  /** Import a file that was imported before. */
  readonly again: boolean;
}

export interface ImportReport {
  readonly rows: number;
  /** Bounds of the imported times, ISO 8601; null for a file without rows. */
  readonly from: string | null;
  readonly to: string | null;
  readonly refreshed: readonly RefreshResult[];
}

interface Range {
  readonly rows: number;
  readonly from: string | null;
  readonly to: string | null;
  readonly expired: number;
}

/**
 * Imports in one transaction through a temporary table, so that types, zone and shift are the server's business.
 * @throws UsageError with the row for input the server does not take; RefusedError for expired rows or a second import.
 */
export async function importCsv(
  db: Client,
  engine: EngineName,
  desired: Desired,
  options: ImportOptions,
): Promise<ImportReport> {
  const columns = filledColumns(options.file, options.table, options.mapping, await readHeader(options.file));
  const digest = await digestOf(options);
  const range = await withTransaction(db, async () => {
    await claim(db, digest, options);
    await stage(db, options, columns);
    const staged = await readRange(db, options);
    requireUnexpired(staged, options);
    if (staged.from !== null && staged.to !== null)
      await ensureChunks(db, engine, options.table, staged.from, staged.to);
    await move(db, options, columns);
    await db.query('UPDATE tsdb.import SET row_count = $2 WHERE digest = $1', [digest, staged.rows]);
    return staged;
  });
  const refreshed =
    range.from === null || range.to === null
      ? []
      : await refreshAggregates(db, engine, withDependents(desired, nameOf(options.table)), {
          from: new Date(range.from),
          to: new Date(range.to),
        });
  return { rows: range.rows, from: range.from, to: range.to, refreshed };
}

async function digestOf({ file, table, mapping, zone, shift }: ImportOptions): Promise<string> {
  const hash = createHash('sha256').update(JSON.stringify([nameOf(table), mapping, zone, shift]));
  try {
    for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
  } catch (error) {
    throw new UsageError(`cannot read ${file}: ${messageOf(error)}`, { cause: error });
  }
  return hash.digest('hex');
}

// The row is locked until commit: of two imports of the same file at once the second waits and then is refused.
async function claim(db: Client, digest: string, { file, table, again }: ImportOptions): Promise<void> {
  const { rowCount } = await db.query(
    `INSERT INTO tsdb.import (digest, file, target, row_count) VALUES ($1, $2, $3, 0)
     ON CONFLICT (digest) DO UPDATE SET imported_at = now() WHERE $4`,
    [digest, file, nameOf(table), again],
  );
  if (rowCount === 1) return;
  const { rows } = await db.query<{ at: string; row_count: string }>(
    `SELECT to_char(imported_at, 'YYYY-MM-DD HH24:MI:SS TZ') AS at, row_count FROM tsdb.import WHERE digest = $1`,
    [digest],
  );
  throw new RefusedError(
    `${file} was imported into ${nameOf(table)} before (${rows[0]?.at}, ${rows[0]?.row_count} rows); a second import would double its rows. If that is wanted, add --again`,
  );
}

async function stage(
  db: Client,
  { file, table, zone }: ImportOptions,
  columns: readonly FilledColumn[],
): Promise<void> {
  const names = columns.map(([name]) => name);
  await db.query(`SET LOCAL timezone = ${literal(zone)}`).catch((error: unknown) => {
    throw new UsageError(`--zone ${zone}: ${messageOf(error)}`, { cause: error });
  });
  const definitions = names.map((name) => `${ident(name)} ${table.columns[name]?.type}`);
  await db.query(`CREATE TEMP TABLE incoming (${definitions.join(', ')}) ON COMMIT DROP`);
  try {
    await copyText(db, 'pg_temp.incoming', names, csvRows(file, columns));
  } catch (error) {
    throw copyFailure(file, error);
  }
}

// The server names its own line of the COPY, which is the row of the file, e.g. "COPY incoming, line 12, column temperature: …".
function copyFailure(file: string, error: unknown): unknown {
  const where = (error as { where?: string }).where;
  const match = /line (\d+)(?:, column (\w+))?/.exec(where ?? '');
  if (!match) return error;
  return new UsageError(
    `${file}, row ${match[1]} after the header${match[2] ? `, column ${match[2]}` : ''}: ${messageOf(error)}; nothing was imported`,
    { cause: error },
  );
}

async function readRange(db: Client, { table, shift }: ImportOptions): Promise<Range> {
  const time = `${ident(table.time)} + $1::interval`;
  const iso = (expression: string): string =>
    `to_char((${expression}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
  const expired =
    table.retention === undefined
      ? '0'
      : `count(*) FILTER (WHERE ${time} < now() - ${literal(table.retention)}::interval)::int`;
  try {
    const { rows } = await db.query<Range>(
      `SELECT count(*)::int AS rows, ${iso(`min(${time})`)} AS "from", ${iso(`max(${time})`)} AS "to", ${expired} AS expired FROM pg_temp.incoming`,
      [shift],
    );
    return rows[0] as Range;
  } catch (error) {
    throw new UsageError(`--shift ${shift}: ${messageOf(error)}`, { cause: error });
  }
}

function requireUnexpired(
  { expired, rows, from, to }: Range,
  { table, file, allowExpired }: ImportOptions,
): void {
  if (expired === 0 || allowExpired) return;
  throw new RefusedError(
    `${expired} of ${rows} rows of ${file} (${from} … ${to}) are older than the ${table.retention} that ${nameOf(table)} keeps: its next retention run would delete them. Move them with --shift, raise the retention, or add --allow-expired to keep only what the aggregates hold of them`,
  );
}

async function move(
  db: Client,
  { table, shift }: ImportOptions,
  columns: readonly FilledColumn[],
): Promise<void> {
  const names = columns.map(([name]) => ident(name));
  const values = columns.map(([name]) =>
    name === table.time ? `${ident(name)} + $1::interval` : ident(name),
  );
  // In time order, so that rows that are read together lie together.
  await db.query(
    `INSERT INTO ${relation(table)} (${names.join(', ')}) SELECT ${values.join(', ')} FROM pg_temp.incoming ORDER BY ${ident(table.time)}`,
    [shift],
  );
}
