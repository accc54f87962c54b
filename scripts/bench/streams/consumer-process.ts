// The consumer of `tsdb consume kafka`, on a topic of the benchmark.
import { note } from '../../output';
import { consumeKafka } from '../../streams/consume-kafka';
import { readKafkaConfig } from '../../streams/kafka/config';
import { readStreamConfig } from '../../streams/stream-config';
import { consumerMetrics } from '../../streams/stream-metrics';
import { benchStream } from './bench-stream';
import { type PaceOrder, paceOf, serveOrder } from './pace';

const quiet = () => undefined;
const said = (about: object, line?: string): void => note(`${line ?? ''} ${JSON.stringify(about)}`);

serveOrder(async ({ group, topic, rows }: PaceOrder) => {
  const { took, finished } = paceOf(rows);
  const { api, batch } = readStreamConfig(process.env);
  const metrics = consumerMetrics();
  const consumer = await consumeKafka({
    config: { api: { ...api, desired: { ...api.desired, streams: [benchStream(topic)] } }, batch },
    kafka: { ...readKafkaConfig(process.env), group },
    log: { debug: quiet, info: quiet, warn: said, error: said } as Parameters<typeof consumeKafka>[0]['log'],
    metrics: {
      ...metrics,
      stored: (...stored) => {
        metrics.stored(...stored);
        took(stored[1]);
      },
    },
  });
  const pace = await Promise.race([
    finished,
    consumer.failed.then((error) => {
      throw error;
    }),
  ]);
  await consumer.stop();
  return pace;
});
