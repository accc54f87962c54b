// What the consumer is compared with: the same library reads the same topic and drops the records.
import { readKafkaConfig } from '../../streams/kafka/config';
import { kafkaClient } from '../../streams/kafka/security';
import { type PaceOrder, paceOf, serveOrder } from './pace';

serveOrder(async ({ group, topic, rows }: PaceOrder) => {
  const { took, finished } = paceOf(rows);
  const consumer = kafkaClient(readKafkaConfig(process.env), () => undefined).consumer({ groupId: group });
  await consumer.connect();
  await consumer.subscribe({ topics: [topic], fromBeginning: true });
  await consumer.run({
    partitionsConsumedConcurrently: 64,
    eachBatch: async ({ batch }) => took(batch.messages.length),
  });
  const pace = await finished;
  await consumer.disconnect();
  return pace;
});
