// Stores checked rows of one table by COPY, with the alerts that they raise. Rows that the server rejects nevertheless, for
// example by a constraint, are taken out and the others are sent again.
import type { ClientBase } from 'pg';
import { messageOf } from '../../../db/core/errors';
import type { Hypertable } from '../../../db/language/hypertable';
import type { UniqueRows } from '../../../db/language/ingest';
import type { Db, EngineName } from '../../../db/model';
import { ensureChunksAt } from '../../../db/server/copy';
import { insertUnique } from '../../../db/server/insert-unique';
import { hasLostItsCode, refusedRows } from '../../../db/server/refused-rows';
import type { Threshold } from '../../alerts/evaluate';
import { raisedAlerts, thresholdsFor } from '../../alerts/raised';
import { newAlerts, storeAlerts } from '../../alerts/store';
import { isServerAnswer } from '../../database/write-connection';
import { ProblemError } from '../../http/problems';
import { instantOf, timeText } from '../../http/time';
import { cellText } from '../read/cells';
import { type CheckedRow, chunkSpanMs, type IngestTable, type RejectedRow } from '../rows';
import { copyInParts } from './refused-by-worker';
import { rowCopy, typesOf } from './row-copy';

/** Rows that are ready to be stored: their chunks exist. */
export interface PreparedRows {
  readonly table: IngestTable;
  readonly rows: readonly CheckedRow[];
  readonly thresholds: readonly Threshold[];
}

/** What became of rows. */
export interface StoredRows {
  readonly stored: readonly CheckedRow[];
  readonly rejected: readonly RejectedRow[];
  /** How many of the stored rows changed nothing, because the table has a row with their key. */
  readonly unchanged: number;
  /** Number of alerts that were raised. */
  readonly alerts: number;
}

const MOST_REJECTED = 100;
/** After a rejected row its slice is sent again, not all rows. */
const SLICE = 5_000;
const CHUNKS_AT_ONCE = 50;

/** The database rejects too many of the rows; thrown inside the transaction, so that nothing of it stays. */
export class TooManyRejected extends ProblemError {
  constructor(readonly rejected: readonly RejectedRow[]) {
    super('rows-rejected', `The database rejected more than ${MOST_REJECTED} rows; nothing was stored`);
  }
}

/**
 * Prepares for rows, before their transaction: chunks are made under a lock that other writers wait for, and a chunk that
 * stays empty does no harm. Reads the thresholds of the rows' sensors with one query.
 */
export async function prepareRows(
  db: ClientBase,
  engine: EngineName,
  table: IngestTable,
  rows: readonly CheckedRow[],
): Promise<PreparedRows> {
  const { hypertable, watched } = table;
  const thresholds = watched ? await thresholdsFor(db, watched, rows) : [];
  if (engine === 'timescaledb') return { table, rows, thresholds };
  await ensureChunks(db, hypertable, rows);
  if (watched) {
    const span = chunkSpanMs(watched.alerts);
    const raised = raisedAlerts(watched, thresholds, rows).map(({ time }) => {
      const at = Number(instantOf(time));
      return { at, span: Math.floor(at / 1_000 / span) };
    });
    await ensureChunks(db, watched.alerts, raised);
  }
  return { table, rows, thresholds };
}

/**
 * Stores the rows and their alerts, inside the transaction of `db`.
 * @throws TooManyRejected when the server rejects more than 100 of the rows.
 */
export async function storeRows(db: Db, { table, rows, thresholds }: PreparedRows): Promise<StoredRows> {
  const stored: CheckedRow[] = [];
  const rejected: RejectedRow[] = [];
  let unchanged = 0;
  for (const group of groupsOf(table.hypertable, rows))
    for (let at = 0; at < group.rows.length; at += SLICE) {
      const slice = { ...group, rows: group.rows.slice(at, at + SLICE) };
      const { unique } = table.hypertable;
      if (unique === undefined) stored.push(...(await copySlice(db, table.hypertable, slice, rejected)));
      else {
        const result = await insertSlice(db, table.hypertable, unique, slice, rejected);
        stored.push(...result.stored);
        unchanged += result.unchanged;
      }
    }
  if (!table.watched) return { stored, rejected, unchanged, alerts: 0 };
  const raised = raisedAlerts(table.watched, thresholds, stored);
  // A row that is sent again raises the alert of its key only once.
  const alerts = unchanged === 0 ? raised : await newAlerts(db, table.watched, raised);
  await storeAlerts(db, table.watched, alerts);
  return { stored, rejected, unchanged, alerts: alerts.length };
}

/** Rows that have the same columns. */
interface Group {
  /** Places of these columns. */
  readonly columns: readonly number[];
  readonly rows: CheckedRow[];
}

// COPY names its columns once: rows that leave a column to its default are sent apart from those that give it.
function groupsOf(table: Hypertable, rows: readonly CheckedRow[]): Iterable<Group> {
  const places = table.columnNames.map((_, place) => place);
  const columns = table.columns as Readonly<Record<string, { readonly defaultSql?: string }>>;
  const optional = places.filter((place) => columns[table.columnNames[place] ?? '']?.defaultSql);
  if (optional.length === 0) return [{ columns: places, rows: [...rows] }];
  const roundOf = table.unique === undefined ? () => 0 : roundsOf(table, table.unique);
  const rounds: Map<string, Group>[] = [];
  for (const row of rows) {
    const absent = optional.filter((place) => row.cells[place] === undefined);
    const key = absent.join();
    const at = roundOf(row, key);
    const groups = rounds[at] ?? new Map<string, Group>();
    rounds[at] = groups;
    let group = groups.get(key);
    if (!group) {
      group = { columns: places.filter((place) => !absent.includes(place)), rows: [] };
      groups.set(key, group);
    }
    group.rows.push(row);
  }
  return rounds.flatMap((groups) => [...groups.values()]);
}

/** Rows with one key are written in the order of the body: one that belongs to another group than the row before it waits a round. */
function roundsOf(table: Hypertable, { columns }: UniqueRows): (row: CheckedRow, group: string) => number {
  const types = typesOf(table);
  const places = columns.map((name) => table.columnNames.indexOf(name));
  const last = new Map<string, { readonly group: string; readonly round: number }>();
  return ({ cells }, group) => {
    const key = JSON.stringify(places.map((place) => cellText(types[place] ?? '', cells[place])));
    const before = last.get(key);
    if (before?.group === group) return before.round;
    const round = before === undefined ? 0 : before.round + 1;
    last.set(key, { group, round });
    return round;
  };
}

/** Copies the rows; returns those that were stored, and adds the others to `rejected`. */
async function copySlice(
  db: Db,
  table: Hypertable,
  { columns, rows: left }: Group,
  rejected: RejectedRow[],
): Promise<readonly CheckedRow[]> {
  const copy = rowCopy(table, columns);
  while (left.length > 0) {
    await db.query('SAVEPOINT slice');
    const error = await copy.send(db, left).then(
      () => undefined,
      (failure: unknown) => failure,
    );
    if (error === undefined) {
      await copy.confirm(db, 'RELEASE SAVEPOINT slice');
      break;
    }
    if (!isServerAnswer(error)) throw error;
    await copy.confirm(db, 'ROLLBACK TO SAVEPOINT slice');
    if (hasLostItsCode(error)) {
      const refused = new Set<CheckedRow>();
      for await (const { row, error } of copyInParts(db, table, columns, left)) {
        refused.add(row);
        reject(row, error, rejected);
      }
      return left.filter((row) => !refused.has(row));
    }
    const line = rejectedLine(error);
    const row = line === undefined ? undefined : left[line - 1];
    if (!row) throw error;
    reject(row, error, rejected);
    left.splice(left.indexOf(row), 1);
  }
  return left;
}

/** Inserts rows that have a key, as `copySlice` does. */
async function insertSlice(
  db: Db,
  table: Hypertable,
  unique: UniqueRows,
  { columns, rows }: Group,
  rejected: RejectedRow[],
): Promise<Pick<StoredRows, 'stored' | 'unchanged'>> {
  const names = columns.map((place) => table.columnNames[place] ?? '');
  const types = typesOf(table);
  const left = new Set(rows);
  let written = 0;
  const insert = async (part: readonly CheckedRow[]): Promise<void> => {
    const texts = part.map((row) => columns.map((place) => cellText(types[place] ?? '', row.cells[place])));
    written += await insertUnique(db, { table, unique, columns: names, rows: texts });
  };
  for await (const { row, error } of refusedRows(db, rows, insert)) {
    left.delete(row);
    reject(row, error, rejected);
  }
  return { stored: [...left], unchanged: left.size - written };
}

function reject({ line, source, owner }: CheckedRow, error: unknown, rejected: RejectedRow[]): void {
  rejected.push({ line, source, owner, reason: `the database refuses it: ${messageOf(error)}` });
  if (rejected.length > MOST_REJECTED) throw new TooManyRejected(rejected);
}

// Class 22: data exceptions, 23: constraints, 54: limits, e.g. a text too long for its index. The server names its own
// line of the COPY in `where`: "COPY sensor_data, line 12, column temperature: …".
function rejectedLine(error: unknown): number | undefined {
  const { code, where } = (error ?? {}) as { readonly code?: unknown; readonly where?: unknown };
  if (typeof code !== 'string' || !/^(22|23|54)/.test(code) || typeof where !== 'string') return undefined;
  const line = /\bCOPY \S+, line (\d+)/.exec(where)?.[1];
  return line === undefined ? undefined : Number(line);
}

const INSUFFICIENT_PRIVILEGE = '42501';

async function ensureChunks(
  db: ClientBase,
  table: Hypertable,
  rows: readonly Pick<CheckedRow, 'at' | 'span'>[],
): Promise<void> {
  // A span lies in one chunk or in two adjacent ones: with its first and last row both are made.
  const spans = new Map<number, { first: number; last: number }>();
  for (const { span, at } of rows) {
    const seen = spans.get(span);
    if (!seen) spans.set(span, { first: at, last: at });
    else if (at < seen.first) seen.first = at;
    else if (at > seen.last) seen.last = at;
  }
  const times = [...spans.values()]
    .flatMap(({ first, last }) => (first === last ? [first] : [first, last]))
    .map((at) => timeText(BigInt(at)));
  try {
    for (let at = 0; at < times.length; at += CHUNKS_AT_ONCE)
      await ensureChunksAt(db, table, times.slice(at, at + CHUNKS_AT_ONCE));
  } catch (error) {
    // The rows of a role that may only write wait in the default partition until the owner's jobs make the chunk.
    if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error;
  }
}
