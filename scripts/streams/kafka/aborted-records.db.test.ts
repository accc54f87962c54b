// On a real Kafka: readers of committed records see no record of an aborted transaction, wherever they begin.
import { describeUnless } from '../../../db/local/testing/needs';
import { waitFor } from '../../../db/local/testing/wait';
import { type KafkaUnderTest, noKafka, startKafka } from '../testing/kafka-broker';
import { repairAbortedRecords } from './aborted-records';

describeUnless(noKafka, 'aborted transactions of Kafka', () => {
  let kafka: KafkaUnderTest;
  beforeAll(async () => {
    repairAbortedRecords();
    kafka = await startKafka();
  });
  afterAll(() => kafka?.stop());

  const producer = async (transactionalId: string) => {
    const made = kafka.client().producer({ transactionalId, idempotent: true, maxInFlightRequests: 1 });
    await made.connect();
    return made;
  };

  /** What readers see from an offset on, and the offset after it. */
  async function read(topic: string, from: number): Promise<{ seen: string[]; next: bigint }> {
    const consumer = kafka.client().consumer({ groupId: `${topic}-${from}`, maxWaitTimeInMs: 100 });
    const end = BigInt((await kafka.admin((admin) => admin.fetchTopicOffsets(topic)))[0]?.high ?? 0);
    const seen: string[] = [];
    let next = 0n;
    await consumer.connect();
    await consumer.subscribe({ topics: [topic], fromBeginning: true });
    consumer.on('consumer.group_join', () => consumer.seek({ topic, partition: 0, offset: String(from) }));
    consumer.on('consumer.end_batch_process', ({ payload: { lastOffset } }) => {
      next = BigInt(lastOffset) + 1n;
    });
    await consumer.run({
      autoCommit: false,
      eachBatch: async ({ batch }) => {
        for (const { value } of batch.messages) seen.push(String(value));
      },
    });
    await waitFor('the end of the topic', () => next === end);
    await consumer.disconnect();
    return { seen, next };
  }

  it('are hidden when they overlap, from every offset on', async () => {
    await kafka.createTopic('overlap', 1);
    const [one, two, three] = await Promise.all(['one', 'two', 'three'].map(producer));
    if (!one || !two || !three) throw new Error('no producers');
    const first = await one.transaction();
    const second = await two.transaction();
    const third = await three.transaction();
    // The broker writes the end of a transaction when it likes, so offsets are those that it tells.
    const good: { readonly offset: number; readonly value: string }[] = [];
    const say = async (to: typeof first, value: string, key: Buffer | null = null) => {
      const [told] = await to.send({ topic: 'overlap', messages: [{ key, value }] });
      if (value !== 'aborted') good.push({ offset: Number(told?.baseOffset), value });
    };
    await say(first, 'aborted');
    await say(second, 'aborted');
    await say(third, 'first good');
    await say(second, 'aborted');
    // A key like that of the end of an aborted transaction.
    await say(first, 'aborted', Buffer.alloc(4));
    await say(first, 'aborted');
    await first.abort();
    await say(third, 'second good', Buffer.alloc(4));
    await second.abort();
    await third.commit();
    const fourth = await one.transaction();
    await say(fourth, 'third good');
    await fourth.commit();
    const fifth = await one.transaction();
    await say(fifth, 'aborted');
    await fifth.abort();
    await Promise.all([one, two, three].map((made) => made.disconnect()));
    // Nine records, and five ends of transactions.
    for (let from = 0; from < 13; from += 1) {
      const expected = good.filter(({ offset }) => offset >= from).map(({ value }) => value);
      expect({ from, ...(await read('overlap', from)) }).toEqual({ from, seen: expected, next: 14n });
    }
  });
});
