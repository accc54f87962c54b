// Replays the dead letters of a topic with the bytes that the dead-letter topic has. The letters in the database say what is left to
// replay, so a record is stored once, from whichever of the two places it is replayed, and however often.

import type { Kafka, RetryOptions } from 'kafkajs';
import type { Pool } from 'pg';
import { type ReplayError, type ReplayTables, replayLetters } from '../../api/ingest/replay';
import { type DeadLetter, isLetterOf } from '../../api/ingest/store/dead-letters';
import type { Destination } from '../../api/ingest/store/write-batches';
import type { Message } from '../../api/streams/message';
import { relation } from '../../db/core/sql';
import { deadLetters } from '../../db/schema/service';
import { readLetterTopic, type TopicLetter } from './kafka/read-letters';

/** What became of the records of a dead-letter topic. */
export interface TopicReplay {
  readonly replayed: number;
  /** Rows whose letters remain. */
  readonly failed: number;
  /** Records whose letters were replayed or deleted before. */
  readonly settled: number;
  /** The first reasons. */
  readonly errors: readonly ReplayError[];
}

export interface ReplayOptions {
  readonly kafka: Kafka;
  readonly retry: RetryOptions;
  readonly to: Pick<Destination, 'pool' | 'engine'>;
  readonly known: ReplayTables;
  readonly signal: AbortSignal;
}

/** So many letters are replayed in one transaction; the database may then refuse each of them. */
const AT_ONCE = 100;
const MOST_ERRORS = 10;

/** Replays what the dead-letter topic has now. */
export async function replayTopic(options: ReplayOptions, topic: string): Promise<TopicReplay> {
  const { to, known, signal } = options;
  const total = { replayed: 0, failed: 0, settled: 0, errors: [] as ReplayError[] };
  const left = await lettersOf(to.pool, topic);
  await readLetterTopic(options, topic, async (letters) => {
    const originals = new Map<string, Message>();
    for (const letter of letters) {
      const waiting = left.get(nameOf(letter)) ?? [];
      const own = waiting.filter((kept) => isOf(kept, letter));
      left.set(
        nameOf(letter),
        waiting.filter((kept) => !own.includes(kept)),
      );
      if (own.length === 0) total.settled += 1;
      for (const { id } of own) originals.set(id, letter.message);
    }
    const ids = [...originals.keys()];
    for (let at = 0; at < ids.length && !signal.aborted; at += AT_ONCE) {
      const result = await replayLetters(to, known, { ids: ids.slice(at, at + AT_ONCE) }, originals);
      total.replayed += result.replayed;
      total.failed += result.failed;
      total.errors.push(...result.errors.slice(0, MOST_ERRORS - total.errors.length));
    }
  });
  return total;
}

const nameOf = ({ group, message: { partition, offset } }: TopicLetter): string =>
  `${group} ${partition} ${offset}`;

/** Of a letter that is kept in part, the record must be the same: the topic may have been made anew, and has another one at its place. */
const isOf = (kept: KeptLetter, { message }: TopicLetter): boolean =>
  kept.format !== 'damaged' ||
  isLetterOf(kept, { message, broker: 'kafka', line: kept.line, hasOwnTime: false });

type KeptLetter = Pick<DeadLetter, 'id' | 'table_name' | 'format' | 'line' | 'request_id'> & {
  readonly digest: string | null;
};

/** The letters of a topic by group, partition and offset. */
async function lettersOf(pool: Pool, topic: string): Promise<Map<string, readonly KeptLetter[]>> {
  // A long original is kept in part; its beginning has the place.
  const begin = `{"broker":"kafka","topic":${JSON.stringify(topic)},"partition":`;
  const { rows } = await pool.query<KeptLetter & { readonly begin: string }>(
    `SELECT id, table_name, format, line, request_id, digest, left(original, $2) AS begin FROM ${relation(deadLetters)} WHERE starts_with(original, $1)`,
    [begin, begin.length + 60],
  );
  const letters = new Map<string, readonly KeptLetter[]>();
  for (const { begin: text, ...kept } of rows) {
    const [, partition, offset] = /^(\d+),"offset":(\d+)\D/.exec(text.slice(begin.length)) ?? [];
    const name = `${kept.request_id} ${partition} ${offset}`;
    if (offset !== undefined) letters.set(name, [...(letters.get(name) ?? []), kept]);
  }
  return letters;
}
