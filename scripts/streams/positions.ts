// How far the partitions of a topic are stored, and the records that are still to be sent to the dead-letter topic.
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { RejectedRow } from '../../api/ingest/rows';
import { keepable } from '../../api/ingest/rows';
import type { WriteOnce } from '../../api/ingest/store/write-once';
import { type Message, timeOfMessage } from '../../api/streams/message';
import { messageOf } from '../../api/streams/store-messages';
import { relation } from '../../db/core/sql';
import type { Db } from '../../db/model';
import { streamOffsets, streamOutbox } from '../../db/schema/service';
import type { Partition } from './message-source';

/** A partition, for one group of consumers. */
export interface GroupPartition extends Partition {
  readonly group: string;
}

/** How far a partition is stored. */
export interface Position {
  /** The first offset that is not stored. */
  readonly nextOffset: bigint;
  /** The record that was stored last, and its digest; undefined when there was none. */
  readonly last: { readonly offset: bigint; readonly digest: string } | undefined;
}

/** Another consumer has stored records of the partition in the meantime. Nothing of this write was stored. */
export class PositionMoved extends Error {
  override name = 'PositionMoved';
}

const OFFSETS = relation(streamOffsets);
const OUTBOX = relation(streamOutbox);

/** The stored position; undefined when nothing of the partition was stored. */
export async function readPosition(
  db: Pool,
  { group, topic, partition }: GroupPartition,
): Promise<Position | undefined> {
  const { rows } = await db.query<{ readonly next_offset: string; readonly last_record: string | null }>(
    `SELECT next_offset::text, last_record FROM ${OFFSETS} WHERE consumer_group = $1 AND topic = $2 AND partition = $3`,
    [group, topic, partition],
  );
  const [row] = rows;
  if (!row) return undefined;
  const [offset, digest] = row.last_record?.split(':') ?? [];
  return {
    nextOffset: BigInt(row.next_offset),
    last: offset === undefined || digest === undefined ? undefined : { offset: BigInt(offset), digest },
  };
}

/** What identifies a record beside its offset. */
export function recordDigest({ timestamp, key, value }: Message): string {
  const hash = createHash('sha256').update(String(timestamp));
  for (const part of [key, value]) hash.update(part === null ? '-' : `${part.length}:`).update(part ?? '');
  return hash.digest('hex').slice(0, 32);
}

/** A move of the position of a partition. */
export interface Move {
  readonly of: GroupPartition;
  /** As it was read; undefined = nothing was stored. */
  readonly from: bigint | undefined;
  readonly to: bigint;
  /** The last record before `to`. */
  readonly last: Message;
  /** Whether rejected records are to be sent to the dead-letter topic. */
  readonly toTopic: boolean;
}

/**
 * Moves the position in the transaction of the rows. When it is not where it was, another consumer has taken over: its transaction
 * holds the row until its end, and this one is rolled back, so that no record is stored twice.
 */
export const onceAt = (move: Move): WriteOnce => ({
  claim: async (db) => {
    if (!(await moved(db, move)))
      throw new PositionMoved(`another consumer stores ${move.of.topic}/${move.of.partition}`);
    return undefined;
  },
  keep: async (db, _results, rejected) => {
    if (move.toTopic) await addToOutbox(db, move.of, rejected.flat());
  },
});

async function moved(db: Db, { of: { group, topic, partition }, from, to, last }: Move): Promise<boolean> {
  const lastRecord = `${last.offset}:${recordDigest(last)}`;
  const { rowCount } = await db.query(
    from === undefined
      ? `INSERT INTO ${OFFSETS} (consumer_group, topic, partition, next_offset, last_record) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`
      : `UPDATE ${OFFSETS} SET next_offset = $4, last_record = $5, updated_at = now() WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND next_offset = $6`,
    [group, topic, partition, to, lastRecord, ...(from === undefined ? [] : [from])],
  );
  return rowCount === 1;
}

/** A record that the dead-letter topic does not have yet. */
export interface OutboxRecord {
  readonly offset: bigint;
  readonly reason: string;
  /** In milliseconds. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly (readonly [name: string, value: Buffer])[];
}

async function addToOutbox(
  db: Db,
  { group, topic, partition }: GroupPartition,
  rejected: readonly RejectedRow[],
): Promise<void> {
  // A message of several rows is one record, with the reason of its first row that was rejected.
  const records = new Map<Message, string>();
  for (const row of rejected) {
    const message = messageOf(row);
    if (!records.has(message)) records.set(message, keepable(row.reason));
  }
  if (records.size === 0) return;
  const messages = [...records.keys()];
  // After a reset of the position, a record may come again while it waits here.
  await db.query(
    `INSERT INTO ${OUTBOX} (consumer_group, topic, partition, record_offset, reason, record_time, record_key, record_value, headers)
     SELECT $1, $2, $3, o.record_offset, o.reason, to_timestamp(o.record_ms / 1000.0), o.record_key, o.record_value, o.headers
       FROM unnest($4::bigint[], $5::text[], $6::bigint[], $7::bytea[], $8::bytea[], $9::jsonb[]) o (record_offset, reason, record_ms, record_key, record_value, headers)
     ON CONFLICT (consumer_group, topic, partition, record_offset) DO UPDATE
        SET reason = excluded.reason, record_time = excluded.record_time, record_key = excluded.record_key, record_value = excluded.record_value, headers = excluded.headers`,
    [
      group,
      topic,
      partition,
      messages.map(({ offset }) => offset),
      [...records.values()],
      // A producer may write any number as the time. One that is no time of the calendar becomes that of a record without one.
      messages.map((message) => (timeOfMessage(message) === undefined ? -1 : message.timestamp)),
      messages.map(({ key }) => key),
      messages.map(({ value }) => value),
      messages.map(({ headers }) =>
        JSON.stringify(headers.map(([name, value]) => [keepable(name), value.toString('base64')])),
      ),
    ],
  );
}

/** The oldest records of a partition that the dead-letter topic does not have yet: so many, and of so many bytes, but at least one. */
export async function readOutbox(
  db: Pool,
  { group, topic, partition }: GroupPartition,
  limit: number,
  bytes = Number.MAX_SAFE_INTEGER,
): Promise<readonly OutboxRecord[]> {
  const { rows } = await db.query<OutboxRow>(
    `SELECT record_offset::text, reason, (extract(epoch FROM record_time) * 1000)::bigint::text AS record_ms, encode(record_key, 'base64') AS record_key, encode(record_value, 'base64') AS record_value, headers::text
       FROM (
         SELECT *, row_number() OVER oldest AS place,
                sum(octet_length(reason) + coalesce(octet_length(record_key), 0) + coalesce(octet_length(record_value), 0) + octet_length(headers::text)) OVER oldest AS bytes
           FROM (SELECT * FROM ${OUTBOX} o WHERE consumer_group = $1 AND topic = $2 AND partition = $3 ORDER BY o.record_offset LIMIT $4) o
         WINDOW oldest AS (ORDER BY o.record_offset)
       ) o WHERE place = 1 OR o.bytes <= $5 ORDER BY o.record_offset`,
    [group, topic, partition, limit, bytes],
  );
  const bytesOf = (text: string | null) => (text === null ? null : Buffer.from(text, 'base64'));
  return rows.map(({ record_offset, reason, record_ms, record_key, record_value, headers }) => ({
    offset: BigInt(record_offset),
    reason,
    timestamp: Number(record_ms),
    key: bytesOf(record_key),
    value: bytesOf(record_value),
    headers: (JSON.parse(headers) as [string, string][]).map(
      ([name, value]) => [name, Buffer.from(value, 'base64')] as const,
    ),
  }));
}

interface OutboxRow {
  readonly record_offset: string;
  readonly reason: string;
  readonly record_ms: string;
  readonly record_key: string | null;
  readonly record_value: string | null;
  readonly headers: string;
}

/** Deletes the records before an offset, which the dead-letter topic has. */
export async function deleteFromOutbox(
  db: Pool,
  { group, topic, partition }: GroupPartition,
  before: bigint,
): Promise<void> {
  await db.query(
    `DELETE FROM ${OUTBOX} WHERE consumer_group = $1 AND topic = $2 AND partition = $3 AND record_offset < $4`,
    [group, topic, partition, before],
  );
}

/** How many records of a group wait for the dead-letter topic. */
export async function countOutbox(db: Pool, group: string): Promise<number> {
  const { rows } = await db.query<{ readonly count: string }>(
    `SELECT count(*)::text AS count FROM ${OUTBOX} WHERE consumer_group = $1`,
    [group],
  );
  return Number(rows[0]?.count ?? 0);
}
