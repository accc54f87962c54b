// The topics that records are sent to: they must exist, or are created when that is asked for.
import type { Kafka } from 'kafkajs';
import { UsageError } from '../../../db/core/errors';
import { invocation } from '../../../db/core/invocation';
import { missingTopics, withAdmin } from './admin';

/**
 * Creates missing topics with as many partitions as asked for; their replication is the default of the brokers.
 * @returns the topics that were created.
 * @throws UsageError when topics are missing and none are to be created.
 */
export async function ensureTopics(
  kafka: Kafka,
  topics: readonly string[],
  /** Undefined = create none. */
  partitions: number | undefined,
): Promise<readonly string[]> {
  return withAdmin(kafka, async (admin) => {
    const missing = await missingTopics(admin, topics);
    if (missing.length === 0) return [];
    if (partitions === undefined)
      throw new UsageError(
        `the brokers have no topic ${missing.join(', ')}, or this user may not see it; create it, or add --create-topics PARTITIONS to "${invocation('produce kafka')}"`,
      );
    await admin.createTopics({
      topics: missing.map((topic) => ({ topic, numPartitions: partitions })),
      waitForLeaders: true,
    });
    return missing;
  });
}
