// The SQL of dead letters: rejected rows are kept as they were sent, listed, replayed and deleted.
import { createHash, randomUUID } from 'node:crypto';
import { relation } from '../../../db/core/sql';
import type { Db } from '../../../db/model';
import { deadLetters } from '../../../db/schema/service';
import { decodeCursor, encodeCursor } from '../../http/cursor';
import { canonicalTime } from '../../http/time';
import type { MessageRow } from '../../streams/message';
import { identityOf } from '../../streams/message-letter';
import {
  formatOfRow,
  type IngestTable,
  keepable,
  keptOriginal,
  type RejectedRow,
  type RowFormat,
  type TableRows,
} from '../rows';

/** A rejected row that was kept. */
export interface DeadLetter {
  readonly id: string;
  /** UTC, with microseconds. */
  readonly received_at: string;
  /** Public name of the table that it was sent to; or the name of a point that no table took. */
  readonly table_name: string;
  /** A `RowFormat`, or `damaged` when the original could not be kept exactly and therefore cannot be replayed. */
  readonly format: string;
  readonly line: number;
  readonly reason: string;
  readonly original: string;
  readonly request_id: string;
  /** How often it was sent. */
  readonly times: number;
  /** When it was sent last; null = once. */
  readonly last_received_at: string | null;
}

const TABLE = relation(deadLetters);
const COLUMNS =
  'id, received_at, table_name, format, line, reason, original, request_id, times, last_received_at';

/** Where rejected rows came from. */
export interface Sender extends Pick<TableRows, 'name' | 'table'> {
  readonly format: RowFormat;
  readonly requestId: string;
}

/**
 * Keeps rejected rows, inside the transaction of `db`. A row that was kept before is counted and not kept again: clients that send
 * a whole body again after a rejection would otherwise multiply its letters.
 */
export async function keepDeadLetters(
  db: Db,
  { name, table, format, requestId }: Sender,
  rows: readonly RejectedRow[],
): Promise<void> {
  if (rows.length === 0) return;
  const sentBefore = new Map<string, number>();
  const letters = rows.map(({ line, reason, source }) => {
    const { text, isExact } = keptOriginal(format, source);
    const own = isExact ? formatOfRow(format, source) : 'damaged';
    const identity =
      format === 'message'
        ? messageIdentity(requestId, source as MessageRow)
        : carriesTime(own, text, table)
          ? [text]
          : undefined;
    // The same row twice in one body is two rows, so the digest contains how many of them came before.
    const digest = identity && digestOf([name, own, ...identity, countBefore(sentBefore, identity)]);
    return { line, reason: keepable(reason), text, format: own, digest };
  });
  await db.query(
    `INSERT INTO ${TABLE} AS letter (id, table_name, request_id, line, format, reason, original, digest)
     SELECT l.id, $1, $2, l.line, l.format, l.reason, l.original, l.digest
       FROM unnest($3::uuid[], $4::integer[], $5::text[], $6::text[], $7::text[], $8::text[]) l (id, line, format, reason, original, digest)
     ON CONFLICT (digest) DO UPDATE
        SET times = letter.times + 1, last_received_at = now(), reason = excluded.reason, request_id = excluded.request_id, line = excluded.line`,
    [
      keepable(name).slice(0, LONGEST_NAME),
      requestId,
      letters.map(() => randomUUID()),
      letters.map(({ line }) => line),
      letters.map((letter) => letter.format),
      letters.map(({ reason }) => reason),
      letters.map(({ text }) => text),
      letters.map(({ digest }) => digest ?? null),
    ],
  );
}

/** How often the same was counted before. */
function countBefore(counted: Map<string, number>, identity: readonly unknown[]): number {
  const key = JSON.stringify(identity);
  const before = counted.get(key) ?? 0;
  counted.set(key, before + 1);
  return before;
}

const LONGEST_NAME = 500;

const digestOf = (parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url');

/** What names a row of a message for the consumer, or the group of consumers, that refused it. */
function messageIdentity(consumer: string, source: MessageRow): readonly unknown[] | undefined {
  const identity = identityOf(source);
  return identity && [consumer, ...identity];
}

/** Whether a letter with this digest is of this row of a record of Kafka. */
export function isLetterOf(
  {
    table_name,
    format,
    request_id,
    digest,
  }: Pick<DeadLetter, 'table_name' | 'format' | 'request_id'> & { readonly digest: string | null },
  row: MessageRow,
): boolean {
  const identity = messageIdentity(request_id, row);
  // A record is not twice in one write.
  return identity !== undefined && digest === digestOf([table_name, format, ...identity, 0]);
}

/** Whether a row names its own time. Without one, the same text at another time may be another reading. */
function carriesTime(
  format: DeadLetter['format'],
  original: string,
  table: IngestTable | undefined,
): boolean {
  if (format.startsWith('line-protocol-')) return /[ ]-?\d+[tn]?\s*$/.test(original);
  if (format === 'damaged') return false;
  const key = format === 'point' ? 'time' : (table?.hypertable.time ?? 'time');
  try {
    const value: unknown = JSON.parse(original);
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false;
    return (value as Readonly<Record<string, unknown>>)[key] !== '';
  } catch {
    return false;
  }
}

/** Deletes letters that came last so many days ago; returns how many there were. */
export async function forgetOldLetters(db: Db, days: number): Promise<number> {
  const { rowCount } = await db.query(
    `DELETE FROM ${TABLE} WHERE received_at < now() - make_interval(days => $1)
        AND coalesce(last_received_at, received_at) < now() - make_interval(days => $1)`,
    [days],
  );
  return rowCount ?? 0;
}

/** How many letters a table has. */
export interface LetterCount {
  readonly table_name: string;
  readonly letters: number;
}

/** The query for these counts. */
export const LETTER_COUNTS = `SELECT table_name, count(*)::integer AS letters FROM ${TABLE} GROUP BY table_name`;

/** A query for a page: newest first, and the rows of one request in the order of their lines. */
export function deadLetterQuery(table: string | undefined, limit: number, after?: LetterPosition) {
  return {
    sql: `SELECT ${COLUMNS} FROM ${TABLE}
   WHERE ($1::text IS NULL OR table_name = $1)
     AND ($2::timestamptz IS NULL OR received_at < $2 OR received_at = $2 AND (line, id) > ($3::integer, $4::uuid))
   ORDER BY received_at DESC, line, id LIMIT $5`,
    values: [table ?? null, after?.received_at ?? null, after?.line ?? null, after?.id ?? null, limit],
  };
}

/** The sort key of the last letter of a page: letters of one request share their time, and any may be gone by the next page. */
export type LetterPosition = Pick<DeadLetter, 'received_at' | 'line' | 'id'>;

/** The cursor of a position in the answer to the question. */
export const writeLetterPosition = (question: string, { received_at, line, id }: LetterPosition): string =>
  encodeCursor(question, (of) => [received_at, line, id, of]);

/**
 * The position that a cursor stands for.
 * @throws ProblemError (bad-cursor) when it is damaged or belongs to another question.
 */
export function readLetterPosition(question: string, cursor: string): LetterPosition {
  return decodeCursor(question, cursor, ([received_at, line, id, of]: readonly unknown[]) => {
    if (typeof received_at !== 'string' || canonicalTime(received_at) === undefined) return undefined;
    if (!Number.isInteger(line) || Math.abs(line as number) >= 2 ** 31) return undefined;
    if (typeof id !== 'string' || !UUID.test(id)) return undefined;
    return { position: { received_at, line: line as number, id }, of };
  });
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Which letters to read: those of the ids, or the oldest of a table. */
export type Choice = { readonly ids: readonly string[] } | { readonly table: string };

/** Reads letters in the order in which they arrived. */
export async function readLetters(db: Db, choice: Choice, limit: number): Promise<readonly DeadLetter[]> {
  const condition = 'ids' in choice ? 'id = ANY ($1::uuid[])' : 'table_name = $1';
  const { rows } = await db.query<DeadLetter>(
    `SELECT ${COLUMNS} FROM ${TABLE} WHERE ${condition} ORDER BY received_at, line, id LIMIT $2`,
    ['ids' in choice ? choice.ids : choice.table, limit],
  );
  return rows;
}

/** Locks letters until the end of the transaction and returns the ids of those that still exist. */
export async function lockLetters(db: Db, ids: readonly string[]): Promise<ReadonlySet<string>> {
  // In a fixed order, so that two replays of the same letters wait for each other instead of causing a deadlock.
  const { rows } = await db.query<{ id: string }>(
    `SELECT id FROM ${TABLE} WHERE id = ANY ($1::uuid[]) ORDER BY id FOR UPDATE`,
    [ids],
  );
  return new Set(rows.map(({ id }) => id));
}

/** Deletes letters; returns how many there were. */
export async function deleteLetters(db: Db, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) return 0;
  const { rowCount } = await db.query(`DELETE FROM ${TABLE} WHERE id = ANY ($1::uuid[])`, [ids]);
  return rowCount ?? 0;
}
