// A temporary table that takes the rows of one batch, so that the server itself gives each row its verdict.
import type { Client } from 'pg';
import { messageOf, UsageError } from '../../../db/core/errors';
import { ident, literal } from '../../../db/core/sql';
import { copyText, copyValue } from '../../../db/server/copy';
import type { ImportOptions } from '../options';
import type { FilledColumn } from '../read/mapping';
import type { PlacedRow, TextRow } from '../read/rows';
import { inputErrors } from './input-errors';

/** A row that the server refuses. */
export interface Refused {
  readonly row: PlacedRow;
  readonly reason: string;
}

const PLACE = ident('#');
const INCOMING = 'pg_temp.incoming';

/** Sets the session's zone and makes its temporary table. */
export async function prepareSession(
  db: Client,
  { table, zone, shift }: ImportOptions,
  columns: readonly FilledColumn[],
): Promise<void> {
  await db.query(`SET timezone = ${literal(zone)}`).catch((error: unknown) => {
    throw new UsageError(`--zone ${zone}: ${messageOf(error)}`, { cause: error });
  });
  await db.query(`SELECT now() + $1::interval`, [shift]).catch((error: unknown) => {
    throw new UsageError(`--shift ${shift}: ${messageOf(error)}`, { cause: error });
  });
  const definitions = columns.map(({ name, column }) => `${ident(name)} ${column.type}`);
  await db.query(
    `CREATE TEMP TABLE incoming (${PLACE} int NOT NULL, ${definitions.join(', ')}, CONSTRAINT "time is finite" CHECK (isfinite(${ident(table.time)})))`,
  );
}

/** Empties the temporary table. */
export async function clearStage(db: Client): Promise<void> {
  await db.query(`TRUNCATE ${INCOMING}`);
}

/** Adds rows to the temporary table, inside a transaction; those that the server refuses are left out and returned. */
export async function stage(
  db: Client,
  columns: readonly FilledColumn[],
  rows: readonly TextRow[],
): Promise<readonly Refused[]> {
  const names = ['#', ...columns.map(({ name }) => name)];
  const send = async (part: readonly TextRow[]) => {
    await copyText(db, INCOMING, names, stagedLines(part));
  };
  if (await attempt(db, () => send(rows))) return [];
  const types = columns.map(({ column }) => column.type);
  const wrong = await inputErrors(db, types, rows);
  const refused = rows.flatMap((row) => {
    const error = wrong.get(row);
    return error === undefined
      ? []
      : [{ row, reason: `column ${columns[error.column]?.name}: ${error.message}` }];
  });
  return [
    ...refused,
    ...(await settle(
      db,
      rows.filter((row) => !wrong.has(row)),
      send,
    )),
  ];
}

function* stagedLines(rows: readonly TextRow[]): Generator<string> {
  for (const row of rows) yield `${row.place}\t${copyLine(row)}`;
}

/** A row in COPY text format. */
export const copyLine = ({ texts }: TextRow): string => `${texts.map(copyValue).join('\t')}\n`;

/** The server took another number of rows than there are. */
export class RowsDiffer extends Error {}

/** Runs `work` behind a savepoint; false, with nothing of it left, when the server says that rows are wrong. */
export async function attempt(db: Client, work: () => Promise<unknown>): Promise<boolean> {
  const failure = await behindSavepoint(db, work);
  return failure === undefined;
}

async function behindSavepoint(db: Client, work: () => Promise<unknown>): Promise<object | undefined> {
  await db.query('SAVEPOINT part');
  try {
    await work();
    await db.query('RELEASE SAVEPOINT part');
    return undefined;
  } catch (error) {
    if (!isAboutRows(error) && !(error instanceof RowsDiffer)) throw error;
    await db.query('ROLLBACK TO SAVEPOINT part');
    return error as object;
  }
}

/**
 * Sends rows until each is in or refused, inside a transaction. A row is only refused when it fails alone: the line that
 * the server names is where to look first, and never a verdict.
 */
async function settle<T extends PlacedRow>(
  db: Client,
  rows: readonly T[],
  send: (rows: readonly T[]) => Promise<void>,
): Promise<readonly Refused[]> {
  const refused: Refused[] = [];
  const parts: (readonly T[])[] = [rows];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [row] = part;
    if (!row) continue;
    const current = part;
    const failure = await behindSavepoint(db, () => send(current));
    if (failure === undefined) continue;
    if (part.length === 1) {
      refused.push({ row, reason: reasonOf(failure) });
      continue;
    }
    const named = lineOf(failure);
    const at = named !== undefined && named <= part.length ? named - 1 : Math.floor(part.length / 2);
    // The one that is named is tried alone, between what is before and after it.
    if (named === undefined) parts.push(part.slice(at), part.slice(0, at));
    else parts.push(...slices(part.slice(at + 1)).reverse(), part.slice(at, at + 1), part.slice(0, at));
  }
  return refused;
}

// Where one row is wrong others may be: each of them costs what is sent with it.
const SLICE = 500;

function slices<T>(rows: readonly T[]): (readonly T[])[] {
  return Array.from({ length: Math.ceil(rows.length / SLICE) }, (_, n) =>
    rows.slice(n * SLICE, (n + 1) * SLICE),
  );
}

/** Moves staged rows into the table with `--on-conflict`; returns how many are in it, and those that it refused. */
export async function move(
  db: Client,
  options: ImportOptions,
  columns: readonly FilledColumn[],
  rows: readonly PlacedRow[],
  target: string,
): Promise<{ readonly stored: number; readonly refused: readonly Refused[] }> {
  const sql = moveQuery(options, columns, target);
  let stored = 0;
  // All at once; apart only when the table refuses something.
  const refused = await settle(db, rows, async (part) => {
    const result = await db.query(sql, [options.shift, part[0]?.place, part.at(-1)?.place]);
    stored += result.rowCount ?? 0;
  });
  return { stored, refused };
}

function moveQuery(options: ImportOptions, columns: readonly FilledColumn[], target: string): string {
  const { table } = options;
  const names = columns.map(({ name }) => name);
  const value = ({ name, column: { defaultSql } }: FilledColumn): string => {
    if (name === table.time) return `(${ident(name)} + $1::interval)`;
    if (options.format === 'ndjson' && defaultSql !== undefined)
      return `coalesce(${ident(name)}, ${defaultSql})`;
    return ident(name);
  };
  const rows = `SELECT ${PLACE}, ${columns.map((filled) => `${value(filled)} AS ${ident(filled.name)}`).join(', ')}
    FROM ${INCOMING} WHERE ${PLACE} BETWEEN $2 AND $3`;
  const list = names.map((name) => ident(name)).join(', ');
  if (options.onConflict === 'fail')
    return `INSERT INTO ${target} (${list}) SELECT ${list} FROM (${rows}) r ORDER BY ${PLACE}`;
  if (options.onConflict === 'skip')
    return `INSERT INTO ${target} (${list}) SELECT ${list} FROM (${rows}) r ORDER BY ${PLACE} ON CONFLICT DO NOTHING`;
  const keys = conflictKeys(options);
  const keyList = keys.map((key) => ident(key)).join(', ');
  const others = names.filter((name) => !keys.includes(name));
  const action =
    others.length === 0
      ? 'DO NOTHING'
      : `DO UPDATE SET ${others.map((name) => `${ident(name)} = excluded.${ident(name)}`).join(', ')}`;
  // Of rows with the same key the last one counts. Keys with a null are never the same.
  const single = `CASE WHEN ${keys.map((key) => `${ident(key)} IS NULL`).join(' OR ')} THEN ${PLACE} END`;
  return `INSERT INTO ${target} (${list}) SELECT ${list} FROM (
      SELECT DISTINCT ON (${keyList}, ${single}) * FROM (${rows}) r ORDER BY ${keyList}, ${single}, ${PLACE} DESC
    ) last ORDER BY ${PLACE} ON CONFLICT (${keyList}) ${action}`;
}

/**
 * The columns of the one unique index that tells which row is to be updated.
 * @throws UsageError when there is none, or more than one.
 */
export function conflictKeys({
  table,
  onConflict,
}: Pick<ImportOptions, 'table' | 'onConflict'>): readonly string[] {
  const unique = table.indexes.filter((index) => index.unique && index.where === undefined);
  const [index] = unique;
  if (index === undefined)
    throw new UsageError(
      `--on-conflict ${onConflict} needs a unique index, and ${table.name} is declared without one`,
    );
  if (unique.length > 1 && onConflict === 'update')
    throw new UsageError(
      `--on-conflict update cannot know which row is meant: ${table.name} has ${unique.length} unique indexes; use --on-conflict skip`,
    );
  return index.keys.flatMap((key) => ('column' in key ? [key.column] : []));
}

/** Errors that are about values of rows: data exceptions, constraints, limits, checks of views, and what triggers raise. */
function isAboutRows(error: unknown): boolean {
  const { code, severity } = (error ?? {}) as { readonly code?: unknown; readonly severity?: unknown };
  return typeof severity === 'string' && typeof code === 'string' && /^(22|23|44|54)|^P0001$/.test(code);
}

// "COPY incoming, line 12, column temperature: …"
const whereOf = (error: unknown): string => String((error as { where?: unknown }).where ?? '');

function lineOf(error: unknown): number | undefined {
  const line = /\bCOPY \S+, line (\d+)/.exec(whereOf(error))?.[1];
  return line === undefined || line === '0' ? undefined : Number(line);
}

function reasonOf(error: unknown): string {
  const column = /\bCOPY \S+, line \d+, column ([^:]+)/.exec(whereOf(error))?.[1];
  const message = messageOf(error).replace(' of relation "incoming"', '');
  return column === undefined ? message : `column ${column}: ${message}`;
}
