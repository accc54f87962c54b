// Replays dead letters: rows that can be stored now are deleted from the dead letters in the transaction that stores them.
import { parseJson } from '../../db/core/exact-json';
import type { Stream } from '../../db/language/stream';
import { withTransaction } from '../../db/server/connection';
import { onWriteConnection } from '../database/write-connection';
import { ProblemError } from '../http/problems';
import type { Message, MessageReader, MessageRow } from '../streams/message';
import { readLetter } from '../streams/message-letter';
import { messageReader } from '../streams/message-reader';
import { topicMatches } from '../streams/topic-pattern';
import { lineProtocolPoints, PRECISIONS } from './points/line-protocol';
import type { Point, SentPoint } from './points/point';
import { pointRows } from './points/point-rows';
import type { Routing } from './points/routing';
import { ndjsonRows } from './read/json-rows';
import { type RowReader, rowReader } from './read/row-reader';
import { type CheckedRow, type IngestTable, keepable, type SentRow } from './rows';
import { type Choice, type DeadLetter, deleteLetters, lockLetters, readLetters } from './store/dead-letters';
import { type PreparedRows, prepareRows, storeRows, TooManyRejected } from './store/store-rows';
import type { Destination } from './store/write-batches';

/** Most letters of one replay. */
export const MOST_REPLAYED = 1_000;

/** A letter that remains, and why. */
export interface ReplayError {
  readonly id: string;
  /** Null for a letter that does not exist. */
  readonly table: string | null;
  readonly reason: string;
}

/** What became of the letters. */
export interface ReplayResult {
  readonly replayed: number;
  readonly failed: number;
  readonly errors: readonly ReplayError[];
}

/** The tables that letters can go to. */
export interface ReplayTables {
  readonly tables: ReadonlyMap<string, IngestTable>;
  readonly routing: Routing;
  /** What is declared for the topics of messages. */
  readonly streams: readonly Stream[];
  /** A reader that has the schemas of messages; the default has none, and reads what a letter has decoded. */
  readonly readerOf?: (stream: Stream) => MessageReader;
}

/** Messages that are known from elsewhere, by the ids of their letters: a letter keeps only a part of a long one. */
export type Originals = ReadonlyMap<string, Message>;

const NONE: Originals = new Map();

/**
 * Replays letters, all in one transaction. A letter is replayed as a whole: a line may become several rows.
 * @throws ProblemError (rows-rejected) when the database itself rejects more than 100 of the rows, or a part of a letter; then all
 * letters remain.
 */
export async function replayLetters(
  { pool, engine }: Pick<Destination, 'pool' | 'engine'>,
  known: ReplayTables,
  choice: Choice,
  originals: Originals = NONE,
): Promise<ReplayResult> {
  const engineName = await engine();
  return onWriteConnection(pool, async (db) => {
    const letters = await readLetters(db, choice, MOST_REPLAYED);
    const { rows, errors } = await readAll(letters, known, originals);
    if ('ids' in choice) errors.push(...missing(choice.ids, letters));
    const prepared: PreparedRows[] = [];
    // In a fixed order, so that two replays at the same time cannot block each other.
    for (const [table, members] of [...rows].sort(([a], [b]) => (a.name < b.name ? -1 : 1)))
      prepared.push(await prepareRows(db, engineName, table, members));
    return withTransaction(db, async () => {
      // Another replay may have stored and deleted some of them in the meantime.
      const present = await lockLetters(db, [...rows.values()].flat().map(idOf));
      let replayed = 0;
      for (const batch of prepared) {
        const left = { ...batch, rows: batch.rows.filter((row) => present.has(idOf(row))) };
        const { stored, rejected } = await storeRows(db, left).catch((error: unknown) => {
          if (!(error instanceof TooManyRejected)) throw error;
          throw new ProblemError(
            'rows-rejected',
            'The database refused more than 100 of the rows; nothing was replayed, choose fewer',
          );
        });
        const storedIds = new Set(stored.map(idOf));
        const torn = rejected.find(({ source }) => storedIds.has((source as DeadLetter).id));
        if (torn)
          throw new ProblemError(
            'rows-rejected',
            `Only a part of letter ${(torn.source as DeadLetter).id} can be stored (${keepable(torn.reason)}); nothing was replayed, replay the others by their ids`,
          );
        replayed += await deleteLetters(db, [...storedIds]);
        const failed = new Map(rejected.map(({ source, reason }) => [source as DeadLetter, reason]));
        errors.push(...[...failed].map(([letter, reason]) => errorOf(letter, reason)));
      }
      return { replayed, failed: errors.length, errors };
    });
  });
}

const idOf = ({ source }: CheckedRow): string => (source as DeadLetter).id;

const errorOf = ({ id, table_name }: DeadLetter, reason: string): ReplayError => ({
  id,
  table: table_name,
  reason: keepable(reason),
});

function missing(ids: readonly string[], letters: readonly DeadLetter[]): readonly ReplayError[] {
  const found = new Set(letters.map(({ id }) => id));
  return [...new Set(ids.map((id) => id.toLowerCase()))]
    .filter((id) => !found.has(id))
    .map((id) => ({ id, table: null, reason: 'there is no such dead letter' }));
}

/** The rows of the letters by table, each with its letter as the source. */
async function readAll(letters: readonly DeadLetter[], known: ReplayTables, originals: Originals) {
  const rows = new Map<IngestTable, CheckedRow[]>();
  const errors: ReplayError[] = [];
  const readers = new Map<IngestTable, RowReader>();
  for (const letter of letters) {
    const receivedAt = Date.parse(letter.received_at);
    const original = letter.format === 'damaged' ? originals.get(letter.id) : undefined;
    const { table, sent } = original
      ? messageRows(letter, known, { message: original, broker: 'kafka' })
      : sentRows(letter, known);
    const reader = table && (readers.get(table) ?? rowReader(table.hypertable, Date.now()));
    if (table && reader) readers.set(table, reader);
    const read = reader ? sent.map((row) => reader({ ...row, source: letter }, receivedAt)) : [];
    const fault = read.find((result) => 'rejected' in result);
    if (!table) errors.push(errorOf(letter, sent[0]?.reason ?? GONE));
    else if (fault) errors.push(errorOf(letter, fault.rejected.reason));
    else {
      const members = rows.get(table) ?? [];
      rows.set(table, members);
      members.push(...read.flatMap((result) => ('row' in result ? [result.row] : [])));
    }
  }
  return { rows, errors };
}

const GONE = 'the table is no longer declared; delete the letter, or select the set of the table';

interface Readable {
  /** Absent when there is none; then a row has the reason. */
  readonly table: IngestTable | undefined;
  readonly sent: readonly SentRow[];
}

function sentRows(letter: DeadLetter, known: ReplayTables): Readable {
  const { tables, routing } = known;
  const { format, line, original, received_at, table_name } = letter;
  const table = tables.get(table_name);
  const unreadable = (reason: string): Readable => ({ table, sent: [{ line, source: original, reason }] });
  const precision = PRECISIONS.find((name) => format === `line-protocol-${name}`);
  if (precision || format === 'point') {
    const [point] = precision ? lineProtocolPoints(original, precision) : [keptPoint(line, original)];
    if (point === undefined) return unreadable('the original has no line');
    // A name that no table took may have one now.
    const target = table ?? routing.tableFor(point.point?.name ?? table_name);
    if (typeof target === 'string') return unreadable(target);
    return { table: target, sent: [...pointRows(target.hypertable, point, Date.parse(received_at))] };
  }
  if (format === 'ndjson' || format === 'json') {
    const sent = [...ndjsonRows(original)];
    return sent.length > 0 ? { table, sent } : unreadable('the original is empty');
  }
  if (format === 'message') return messageRows(letter, known, readLetter(original));
  return unreadable('the original could not be kept exactly as it was sent; send the row again');
}

/** The rows of a message by what is declared for its topic today: a corrected map heals letters. */
function messageRows(
  { line, original }: DeadLetter,
  { tables, streams, readerOf = messageReader }: ReplayTables,
  { message, broker, ...before }: Pick<MessageRow, 'message' | 'broker'>,
): Readable {
  const stream = streams.find(
    ({ kind, topic }) =>
      kind === broker &&
      (kind === 'kafka' ? topic === message.topic : topicMatches(topic)(message.topic) !== undefined),
  );
  const table = stream && [...tables.values()].find(({ hypertable }) => hypertable === stream.table);
  if (!stream || !table) {
    const reason = `no table is declared for the topic ${message.topic}; delete the letter, or select the set that declares it`;
    return { table: undefined, sent: [{ line, source: original, reason }] };
  }
  const rows = readerOf(stream).rows(message, before);
  // The letter is of one row; a message that is whole has the others of its array, too.
  return { table, sent: rows.length > 1 ? rows.filter((row) => row.line === line) : rows };
}

function keptPoint(line: number, original: string): SentPoint {
  const point = parseJson(original) as Point;
  return { line, source: point, point };
}
