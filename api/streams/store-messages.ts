// Stores messages of a stream: their rows and dead letters in one transaction, through the writer that HTTP uses.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { rowReader } from '../ingest/read/row-reader';
import type { CheckedRow, IngestTable, RejectedRow } from '../ingest/rows';
import { TooManyRejected } from '../ingest/store/store-rows';
import { type Batch, type Destination, keepBatches, writeBatches } from '../ingest/store/write-batches';
import type { WriteOnce } from '../ingest/store/write-once';
import type { Message, MessageReader, MessageRow } from './message';

/** Where the messages of a stream go. */
export interface MessageDestination {
  readonly to: Destination;
  readonly table: IngestTable;
  readonly reader: MessageReader;
  /** Who reads the stream; it is kept with dead letters. */
  readonly requestId: string;
}

/** Numbers of rows. */
export interface StoredMessages {
  readonly stored: number;
  /** Of the stored ones: how many changed nothing, because the table has a row with their key. */
  readonly unchanged: number;
  readonly rejected: number;
  readonly alerts: number;
}

/** Makes sure that the messages of one transaction are stored once; `isLast` = none of the messages come after them. */
export type OnceForPart = (part: readonly Message[], isLast: boolean) => WriteOnce;

/** A row that is rejected, with the message that it is of. */
export const messageOf = ({ source }: RejectedRow): Message => (source as MessageRow).message;

/** Messages that are read between two pauses for other work. */
const MESSAGES_AT_ONCE = 2_000;

/**
 * Stores messages in their order, in one transaction, or in several when they need too many chunks at once or the database refuses
 * many of their rows: then the good ones are separated from the bad ones. A message that cannot be stored becomes a dead letter.
 * @throws when nothing of a part is stored, such as without a database: the parts before it are stored, and `once` must know.
 */
export async function storeMessages(
  destination: MessageDestination,
  messages: readonly Message[],
  once?: OnceForPart,
): Promise<StoredMessages> {
  await destination.reader.prepare(messages);
  let total: StoredMessages = { stored: 0, unchanged: 0, rejected: 0, alerts: 0 };

  async function store(given: readonly Message[], isLast: boolean): Promise<void> {
    let left = given;
    while (left.length > 0) {
      const { batch, count } = await readPart(destination, left);
      const part = left.slice(0, count);
      left = left.slice(count);
      const isEnd = isLast && left.length === 0;
      const result = await writePart(destination, batch, once?.(part, isEnd)).catch((error: unknown) => {
        if (!(error instanceof TooManyRejected)) throw error;
        return count > 1 ? undefined : keepPart(destination, batch, once?.(part, isEnd));
      });
      if (result !== undefined) total = sum(total, result);
      else {
        const half = Math.ceil(count / 2);
        await store(part.slice(0, half), false);
        await store(part.slice(half), isEnd);
      }
    }
  }

  await store(messages, true);
  return total;
}

interface Part {
  readonly batch: Batch;
  /** How many messages it holds. */
  readonly count: number;
}

/** Reads messages until the chunks that their rows need are too many for one transaction. */
async function readPart(
  { table, reader, requestId }: MessageDestination,
  messages: readonly Message[],
): Promise<Part> {
  const read = rowReader(table.hypertable, Date.now());
  const rows: CheckedRow[] = [];
  const rejected: RejectedRow[] = [];
  let count = 0;
  for (const message of messages) {
    const [before, refusedBefore] = [rows.length, rejected.length];
    let isCrowded = false;
    for (const sent of reader.rows(message)) {
      const result = read(sent);
      if ('row' in result) rows.push(result.row);
      else {
        rejected.push(result.rejected);
        isCrowded ||= result.crowded === true;
      }
    }
    // The first message is taken in any case: if it needs too many chunks, then by itself.
    if (isCrowded && count > 0) {
      rows.length = before;
      rejected.length = refusedBefore;
      break;
    }
    count += 1;
    if (count % MESSAGES_AT_ONCE === 0) await nextTurn();
  }
  return { batch: { name: table.name, table, format: 'message', rows, rejected, requestId }, count };
}

async function writePart(
  { to }: MessageDestination,
  batch: Batch,
  once: WriteOnce | undefined,
): Promise<StoredMessages> {
  const [result] = await writeBatches(to, [batch], once);
  return numbersOf(result?.answer);
}

/** The database refuses more rows of one message than are taken out one by one: all rows of the message are kept as dead letters. */
async function keepPart(
  { to }: MessageDestination,
  batch: Batch,
  once: WriteOnce | undefined,
): Promise<StoredMessages> {
  const detail = 'the database refuses too many rows of this message; none of them was stored';
  const [result] = await keepBatches(to, [batch], { detail }, once);
  return numbersOf(result?.answer);
}

interface Numbers {
  readonly accepted: number;
  readonly unchanged: number;
  readonly rejected: number;
  readonly alerts: number;
}

const numbersOf = (answer: Numbers | undefined): StoredMessages => ({
  stored: answer?.accepted ?? 0,
  unchanged: answer?.unchanged ?? 0,
  rejected: answer?.rejected ?? 0,
  alerts: answer?.alerts ?? 0,
});

const sum = (a: StoredMessages, b: StoredMessages): StoredMessages => ({
  stored: a.stored + b.stored,
  unchanged: a.unchanged + b.unchanged,
  rejected: a.rejected + b.rejected,
  alerts: a.alerts + b.alerts,
});
