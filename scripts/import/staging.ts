// A temporary table that takes the rows of one batch, so that the server itself gives each row its verdict.
import type { Client } from 'pg';
import type { Column } from '../../db/columns';
import { copyText, copyValue } from '../../db/copy';
import { messageOf, UsageError } from '../../db/errors';
import { ident, literal } from '../../db/sql';
import type { FilledColumn } from '../data/csv';
import type { ImportOptions, Refusal } from './options';

/** A row on its way into the temporary table. */
export interface StagedRow extends Omit<Refusal, 'reason'> {
  /** Place in the batch. */
  readonly place: number;
  readonly texts: readonly (string | null)[];
}

/** A row that the server refused, with its place in the batch. */
export interface Verdict extends Refusal {
  readonly place: number;
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
  const definitions = columns.map(([name]) => {
    const { type, nullable, defaultSql } = table.columns[name] as Column;
    // A JSON object may leave out a member; the default comes when the row is moved.
    return `${ident(name)} ${type}${nullable || defaultSql !== undefined ? '' : ' NOT NULL'}`;
  });
  await db.query(
    `CREATE TEMP TABLE incoming (${PLACE} int NOT NULL, ${definitions.join(', ')}, CONSTRAINT "time is finite" CHECK (isfinite(${ident(table.time)})))`,
  );
}

/** Empties the temporary table and fills it; rows that the server refuses are left out and returned. */
export async function stage(
  db: Client,
  columns: readonly FilledColumn[],
  rows: readonly StagedRow[],
): Promise<readonly Verdict[]> {
  await db.query(`TRUNCATE ${INCOMING}`);
  const names = ['#', ...columns.map(([name]) => name)];
  return settle(db, rows, async (part) => {
    await copyText(db, INCOMING, names, lines(part));
  });
}

function* lines(rows: readonly StagedRow[]): Generator<string> {
  for (const { place, texts } of rows) {
    let line = String(place);
    for (const text of texts) line += `\t${copyValue(text)}`;
    yield `${line}\n`;
  }
}

/**
 * Sends rows until each is in or refused, inside a transaction. A row is only refused when it fails alone: the line that
 * the server names is where to look first, and never a verdict.
 */
export async function settle(
  db: Client,
  rows: readonly StagedRow[],
  send: (rows: readonly StagedRow[]) => Promise<void>,
): Promise<readonly Verdict[]> {
  const refused: Verdict[] = [];
  const parts: (readonly StagedRow[])[] = [rows];
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const [row] = part;
    if (!row) continue;
    await db.query('SAVEPOINT part');
    try {
      await send(part);
      await db.query('RELEASE SAVEPOINT part');
    } catch (error) {
      if (!isAboutRows(error)) throw error;
      await db.query('ROLLBACK TO SAVEPOINT part');
      if (part.length === 1) {
        const { place, line, original } = row;
        refused.push({ place, line, original, reason: reasonOf(error) });
        continue;
      }
      const named = lineOf(error);
      const at = named !== undefined && named <= part.length ? named - 1 : Math.floor(part.length / 2);
      // The one that is named is tried alone, between what is before and after it.
      if (named === undefined) parts.push(part.slice(at), part.slice(0, at));
      else parts.push(...slices(part.slice(at + 1)).reverse(), part.slice(at, at + 1), part.slice(0, at));
    }
  }
  return refused;
}

// Where one row is wrong others may be: each of them costs what is sent with it.
const SLICE = 500;

function slices(rows: readonly StagedRow[]): (readonly StagedRow[])[] {
  return Array.from({ length: Math.ceil(rows.length / SLICE) }, (_, n) =>
    rows.slice(n * SLICE, (n + 1) * SLICE),
  );
}

/** Moves staged rows into the table with `--on-conflict`; returns how many are in it, and those that it refused. */
export async function move(
  db: Client,
  options: ImportOptions,
  columns: readonly FilledColumn[],
  rows: readonly StagedRow[],
  target: string,
): Promise<{ readonly stored: number; readonly refused: readonly Verdict[] }> {
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
  const names = columns.map(([name]) => name);
  const value = (name: string): string => {
    const { defaultSql } = table.columns[name] as Column;
    if (name === table.time) return `(${ident(name)} + $1::interval)`;
    if (options.format === 'ndjson' && defaultSql !== undefined)
      return `coalesce(${ident(name)}, ${defaultSql})`;
    return ident(name);
  };
  const rows = `SELECT ${PLACE}, ${names.map((name) => `${value(name)} AS ${ident(name)}`).join(', ')}
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
export function isAboutRows(error: unknown): boolean {
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
