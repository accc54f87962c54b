// `tsdb produce kafka` on a real Kafka: every record is there once, in topics that it has just created, and Ctrl-C says how many are.
import { describeUnless } from '../../../db/local/testing/needs';
import { startTsdb, tsdb } from '../../testing/command-line';
import { type KafkaUnderTest, noKafka, startKafka } from '../testing/kafka-broker';

const TOPICS = ['bss.customer.metrics', 'bss.order.metrics', 'bss.payment.metrics'];

describeUnless(noKafka, 'tsdb produce kafka', () => {
  let kafka: KafkaUnderTest;
  let env: Record<string, string>;
  beforeAll(async () => {
    kafka = await startKafka();
    env = { TSDB_KAFKA_BROKERS: kafka.address, TSDB_SCHEMAS: 'business,service' };
  });
  afterAll(() => kafka?.stop());

  /** Records in the topics. */
  const total = (): Promise<number> =>
    kafka.admin(async (admin) => {
      const offsets = (await Promise.all(TOPICS.map((topic) => admin.fetchTopicOffsets(topic)))).flat();
      return offsets.reduce((sum, { high, low }) => sum + Number(high) - Number(low), 0);
    });

  it('sends each record once, also while the partitions of new topics get their leaders', async () => {
    for (let time = 1; time <= 3; time += 1) {
      const { code, stdout, stderr } = await tsdb(
        ['produce', 'kafka', '--rows', '5000', '--create-topics', '6', '--poison', '2', '--json'],
        env,
      );
      expect({ time, code, stderr }).toEqual({ time, code: 0, stderr: expect.stringContaining('created: ') });
      expect(JSON.parse(stdout)).toMatchObject({ records: 5_000, poison: 100, interrupted: false });
      expect(await total()).toBe(5_000);
      await kafka.admin(async (admin) => {
        await admin.deleteTopics({ topics: await admin.listTopics() });
      });
    }
  });

  it('has sent what it says when it is stopped, at the rate that was asked for', async () => {
    for (const topic of TOPICS) await kafka.createTopic(topic, 2);
    const started = Date.now();
    const running = startTsdb(['produce', 'kafka', '--rows', '0', '--rate', '200'], { env });
    await running.says(/sending records until Ctrl-C/);
    while ((await total()) < 300) await new Promise((done) => setTimeout(done, 50));
    running.process.kill('SIGINT');
    const { code, stderr } = await running.finished;
    const seconds = (Date.now() - started) / 1_000;
    const [, acknowledged] =
      /stopped: (\d+) records acknowledged by the brokers, none under way/.exec(stderr) ?? [];
    expect({ code, acknowledged: Number(acknowledged) }).toEqual({ code: 0, acknowledged: await total() });
    expect(Number(acknowledged)).toBeLessThanOrEqual(200 * seconds + 1);
  });
});
