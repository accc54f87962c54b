// Questions to the brokers by an administrator's connection.
import type { Admin, Kafka } from 'kafkajs';

/** Uses a connection, and closes it. */
export async function withAdmin<T>(kafka: Kafka, use: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = kafka.admin();
  try {
    await admin.connect();
    return await use(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Those of the topics that do not exist, or that this user may not see. */
export async function missingTopics(admin: Admin, topics: readonly string[]): Promise<readonly string[]> {
  const present = new Set(await admin.listTopics());
  return topics.filter((topic) => !present.has(topic));
}
