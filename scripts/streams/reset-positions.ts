// Sets the stored positions of a topic: what was stored stays, and a consumer goes on elsewhere.
import type { Kafka } from 'kafkajs';
import type { Pool } from 'pg';
import { messageOf, UsageError } from '../../db/core/errors';
import { relation } from '../../db/core/sql';
import { streamOffsets } from '../../db/schema/service';
import { withTransaction } from '../../db/server/connection';
import type { LetterPublisher } from './consumer-parts';
import { missingTopics, withAdmin } from './kafka/admin';
import { letterGroup, letterTopic } from './kafka/letter-topic';
import { readPosition } from './positions';

/** Where a partition is to go on. */
export type Target = 'beginning' | 'end' | bigint;

/** The change of one partition. */
export interface PositionChange {
  readonly partition: number;
  /** Undefined when nothing was stored. */
  readonly from: bigint | undefined;
  readonly to: bigint;
  /** What the topic has. */
  readonly low: bigint;
  readonly high: bigint;
}

export interface ResetOptions {
  readonly kafka: Kafka;
  readonly pool: Pool;
  /** Undefined when refused records are kept in the database only. */
  readonly letters: LetterPublisher | undefined;
  readonly group: string;
  readonly topic: string;
  /** Only this one; undefined = all. */
  readonly partition: number | undefined;
}

/** The changes that a reset would make. @throws UsageError when a consumer runs, or the partition or offset does not exist. */
export async function plannedReset(
  options: ResetOptions,
  target: Target,
): Promise<readonly PositionChange[]> {
  const { kafka, pool, group, topic, partition: only } = options;
  return withAdmin(kafka, async (admin) => {
    if ((await missingTopics(admin, [topic])).length > 0)
      throw new UsageError(`the brokers have no topic ${topic}`);
    const { groups } = await admin.describeGroups([group]);
    if (groups.some(({ members }) => members.length > 0))
      throw new UsageError(
        `consumers of the group ${group} are running; stop them before their positions are set`,
      );
    const ranges = (await admin.fetchTopicOffsets(topic)).filter(
      ({ partition }) => only === undefined || partition === only,
    );
    if (ranges.length === 0) throw new UsageError(`the topic ${topic} has no partition ${only}`);
    const changes: PositionChange[] = [];
    for (const { partition, ...range } of [...ranges].sort((a, b) => a.partition - b.partition)) {
      const [low, high] = [BigInt(range.low), BigInt(range.high)];
      const to = target === 'beginning' ? low : target === 'end' ? high : target;
      if (to < low || to > high)
        throw new UsageError(
          `${topic}/${partition} has the offsets ${low} to ${high}; ${to} is not among them`,
        );
      const before = await readPosition(pool, { group, topic, partition });
      changes.push({ partition, from: before?.nextOffset, to, low, high });
    }
    return changes;
  });
}

/**
 * Makes the changes, all or none.
 * @throws UsageError when a position has moved since they were planned, or the dead-letter topic does not take what waits for it.
 */
export async function resetPositions(
  { kafka, pool, letters, group, topic }: ResetOptions,
  changes: readonly PositionChange[],
): Promise<void> {
  // Letters are sent in the order of their offsets. One that were sent after the reset would have those before it count as sent, too.
  for (const { partition } of changes)
    await letters?.publish({ group, topic, partition }).catch((error: unknown) => {
      throw new UsageError(
        `${letterTopic(topic)} does not take the refused records that wait for it in the database (${messageOf(error)}); nothing was changed. See to it that the topic exists and takes them, or set TSDB_KAFKA_DEAD_LETTERS=database, and try again`,
        { cause: error },
      );
    });
  // These offsets were those of records that may come again: from now on, whatever waits in the outbox is sent.
  await withAdmin(kafka, (admin) =>
    admin.setOffsets({
      groupId: letterGroup(group),
      topic,
      partitions: changes.map(({ partition }) => ({ partition, offset: '0' })),
    }),
  );
  const db = await pool.connect();
  try {
    await withTransaction(db, async () => {
      for (const { partition, from, to } of changes) {
        const { rowCount } = await db.query(
          `INSERT INTO ${relation(streamOffsets)} AS stored (consumer_group, topic, partition, next_offset) VALUES ($1, $2, $3, $4)
           ON CONFLICT (consumer_group, topic, partition) DO UPDATE
              SET next_offset = excluded.next_offset, last_record = NULL, updated_at = now() WHERE stored.next_offset = $5`,
          [group, topic, partition, to, from ?? -1n],
        );
        if (rowCount !== 1)
          throw new UsageError(
            `the position of ${topic}/${partition} has moved in the meantime; nothing was changed`,
          );
      }
    });
  } finally {
    db.release();
  }
}
