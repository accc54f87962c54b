// Faults of topics and brokers on the real Kafka: nothing is skipped quietly, nothing is stored that was not committed, and a consumer
// that cannot go on says so and ends.
import { describeUnless } from '../../../db/local/testing/needs';
import { waitFor } from '../../../db/local/testing/wait';
import type { Running } from '../../testing/command-line';
import { readTopic } from '../testing/read-topic';
import { noMachine, type StreamMachine, startStreamMachine } from '../testing/stream-machine';

const TOPIC = 'bss.customer.metrics';
const DLQ = `${TOPIC}.dlq`;
const START = Date.now() - 86_400_000;
const PATIENCE = { everyMs: 20, atMostMs: 60_000 };

const valueFor = (n: number, labels: object = { n }): string =>
  JSON.stringify({
    time: new Date(START + n).toISOString(),
    customer_id: '00000000-0000-4000-8000-000000000001',
    metric_name: 'visits',
    metric_value: n,
    labels,
  });

describeUnless(noMachine, 'faults of a real Kafka', () => {
  let machine: StreamMachine;
  let group = '';
  let tests = 0;
  beforeAll(async () => {
    machine = await startStreamMachine();
    await newTopic(DLQ);
  }, 180_000);
  afterAll(() => machine?.stop());
  beforeEach(() => {
    tests += 1;
    group = `group-${tests}`;
  });
  afterEach(async () => {
    await machine.ask('TRUNCATE business.customer_metrics, service.dead_letter, service.stream_outbox');
  });

  const consumer = (): Running => machine.consumer({ TSDB_KAFKA_GROUP: group, TSDB_STREAM_BATCH_MS: '50' });

  /** The topic, empty: one of that name is deleted before. */
  async function newTopic(topic: string, config: Readonly<Record<string, string>> = {}): Promise<void> {
    await machine.kafka.admin(async (admin) => {
      if ((await admin.listTopics()).includes(topic)) await admin.deleteTopics({ topics: [topic] });
      await waitFor('the topic is gone', async () => !(await admin.listTopics()).includes(topic), PATIENCE);
    });
    await machine.kafka.createTopic(topic, 1, config);
  }

  async function produce(values: readonly (string | null)[], keys: readonly string[] = []): Promise<void> {
    const producer = machine.kafka.client().producer();
    await producer.connect();
    for (const [at, value] of values.entries())
      await producer.send({ topic: TOPIC, messages: [{ key: keys[at] ?? 'key', value, partition: 0 }] });
    await producer.disconnect();
  }

  const stored = async (): Promise<readonly number[]> =>
    (
      (await machine.ask<{ n: number }>(
        'SELECT metric_value AS n FROM business.customer_metrics ORDER BY metric_value',
      )) ?? []
    ).map(({ n }) => n);
  const position = async (): Promise<number | undefined> =>
    (
      await machine.ask<{ n: number }>(
        'SELECT next_offset::int AS n FROM service.stream_offset WHERE consumer_group = $1',
        [group],
      )
    )?.[0]?.n;
  const count = async (table: string): Promise<number | undefined> =>
    (await machine.ask<{ n: number }>(`SELECT count(*)::int AS n FROM ${table}`))?.[0]?.n;
  const reaches = (offset: number): Promise<true> =>
    waitFor(`position ${offset}`, async () => (await position()) === offset || undefined, PATIENCE);

  async function end(running: Running): Promise<void> {
    running.process.kill('SIGTERM');
    expect(await running.finished).toMatchObject({ code: 0 });
  }

  /** Stores three records and ends. */
  async function storeThree(): Promise<void> {
    await newTopic(TOPIC);
    await produce([0, 1, 2].map((n) => valueFor(n)));
    const first = consumer();
    await reaches(3);
    await end(first);
    expect(await stored()).toEqual([0, 1, 2]);
  }

  /** Starts a consumer that has to end by itself. */
  async function fails(text: RegExp): Promise<void> {
    const running = consumer();
    const { code, stderr } = await running.finished;
    expect(stderr).toMatch(text);
    expect(code).not.toBe(0);
    expect(await stored()).toEqual([0, 1, 2]);
    expect(await position()).toBe(3);
  }

  it('stops when records were deleted before they were read', async () => {
    await storeThree();
    await produce([3, 4, 5, 6].map((n) => valueFor(n)));
    await machine.kafka.admin(async (admin) => {
      await admin.fetchTopicOffsets(TOPIC);
      await admin.deleteTopicRecords({ topic: TOPIC, partitions: [{ partition: 0, offset: '5' }] });
    });
    await fails(/does not have the records 3 to 4 .* deleted before they were read/);
  });

  it.each([
    ['shorter', 1],
    ['as long', 3],
    ['longer', 5],
  ])('stops when the topic was made anew and is %s', async (_, records) => {
    await storeThree();
    await newTopic(TOPIC);
    await produce(Array.from({ length: records }, (_one, n) => valueFor(100 + n)));
    await fails(/deleted and made anew/);
  });

  it('stops when the topic is made anew while it reads', async () => {
    await storeThree();
    const running = consumer();
    await running.says(/partitions assigned/);
    await newTopic(TOPIC);
    await produce([100, 101, 102, 103, 104].map((n) => valueFor(n)));
    const { code, stderr } = await running.finished;
    expect(stderr).toMatch(/deleted and made anew/);
    expect(code).not.toBe(0);
    expect(await stored()).toEqual([0, 1, 2]);
  });

  it('stores what transactions have committed only', async () => {
    await newTopic(TOPIC);
    const [good, bad] = await Promise.all(
      ['good', 'bad'].map(async (id) => {
        const made = machine.kafka
          .client()
          .producer({ transactionalId: id, idempotent: true, maxInFlightRequests: 1 });
        await made.connect();
        return made;
      }),
    );
    if (!good || !bad) throw new Error('no producers');
    for (let round = 0; round < 5; round += 1) {
      const [kept, undone] = [await good.transaction(), await bad.transaction()];
      for (const [transaction, first] of [
        [kept, 0],
        [undone, 1_000],
      ] as const)
        for (let n = 0; n < 4; n += 1)
          await transaction.send({
            topic: TOPIC,
            messages: [{ key: Buffer.alloc(4), value: valueFor(first + round * 4 + n) }],
          });
      await undone.abort();
      await kept.commit();
    }
    await Promise.all([good.disconnect(), bad.disconnect()]);
    const running = consumer();
    await waitFor('the rows', async () => (await stored()).length >= 20, PATIENCE);
    await produce([valueFor(50)]);
    await waitFor('the last row', async () => (await stored()).includes(50), PATIENCE);
    await end(running);
    expect(await stored()).toEqual([...Array.from({ length: 20 }, (_, n) => n), 50]);
  });

  it('reads a compacted topic with its gaps', async () => {
    await newTopic(TOPIC, {
      'cleanup.policy': 'compact',
      'segment.ms': '100',
      'min.cleanable.dirty.ratio': '0.01',
      'max.compaction.lag.ms': '100',
    });
    const values = Array.from({ length: 40 }, (_, n) => valueFor(n));
    const sameKeys = values.map((_, n) => `key-${n % 4}`);
    await produce(values, sameKeys);
    // A segment is compacted once records follow it.
    let more = 40;
    await waitFor(
      'the compaction',
      async () => {
        await produce([valueFor(more)], [`late-${more}`]);
        more += 1;
        return (await readTopic(machine.kafka, TOPIC)).length < more;
      },
      { everyMs: 300, atMostMs: 90_000 },
    );
    const seen = (await readTopic(machine.kafka, TOPIC)).map(({ offset }) => offset);
    const running = consumer();
    await reaches(more);
    await end(running);
    expect(await stored()).toEqual(seen);
  }, 180_000);

  it('takes a record that is larger than what is fetched at a time', async () => {
    await newTopic(TOPIC, { 'max.message.bytes': '20000000' });
    await produce([valueFor(0), valueFor(1, { text: 'x'.repeat(12_000_000) }), valueFor(2)]);
    const running = consumer();
    await reaches(3);
    await end(running);
    const letters = (await count('service.dead_letter')) ?? 0;
    // A row, or a letter where the limits of a row refuse it; never nothing.
    expect((await stored()).length + letters).toBe(3);
    expect(await stored()).toEqual(expect.arrayContaining([0, 2]));
  });

  it('makes a record without a value a letter', async () => {
    await newTopic(TOPIC);
    await produce([valueFor(0), null, '', valueFor(1)]);
    const running = consumer();
    await reaches(4);
    await waitFor('an empty outbox', async () => (await count('service.stream_outbox')) === 0, PATIENCE);
    await end(running);
    expect(await stored()).toEqual([0, 1]);
    const letters = (await readTopic(machine.kafka, DLQ)).filter(
      ({ headers }) => headers['dlq.group'] === group,
    );
    expect(letters.map(({ value, headers }) => [value, headers['dlq.offset']])).toEqual([
      [undefined, '1'],
      ['', '2'],
    ]);
  });

  it('sends letters that are larger together than a batch may be, and headers of any name', async () => {
    await newTopic(TOPIC);
    const values = Array.from({ length: 300 }, (_, n) => `broken ${n} ${'x'.repeat(10_000)}`);
    const producer = machine.kafka.client().producer();
    await producer.connect();
    for (let at = 0; at < values.length; at += 50)
      await producer.send({
        topic: TOPIC,
        messages: values.slice(at, at + 50).map((value) => ({ value, headers: { constructor: 'its own' } })),
      });
    await producer.disconnect();
    const running = consumer();
    await reaches(300);
    await waitFor('an empty outbox', async () => (await count('service.stream_outbox')) === 0, PATIENCE);
    await end(running);
    const letters = (await readTopic(machine.kafka, DLQ)).filter(
      ({ headers }) => headers['dlq.group'] === group,
    );
    expect(letters.map(({ value }) => value)).toEqual(values);
    expect(letters[0]?.headers.constructor).toMatch(/its own$/);
  });

  it('keeps letters until their topic exists, and goes on meanwhile', async () => {
    await newTopic(TOPIC);
    await machine.kafka.admin((admin) => admin.deleteTopics({ topics: [DLQ] }));
    await produce(['broken', valueFor(0), 'broken too', valueFor(1)]);
    const running = consumer();
    await reaches(4);
    await produce([valueFor(2)]);
    await reaches(5);
    expect(await stored()).toEqual([0, 1, 2]);
    expect(await count('service.stream_outbox')).toBe(2);
    await machine.kafka.createTopic(DLQ, 1);
    await waitFor('an empty outbox', async () => (await count('service.stream_outbox')) === 0, PATIENCE);
    await end(running);
    expect((await readTopic(machine.kafka, DLQ)).map(({ value }) => value)).toEqual(['broken', 'broken too']);
  });

  it('ends in an orderly way while the broker is away', async () => {
    await newTopic(TOPIC);
    await produce([valueFor(0), 'broken']);
    const running = consumer();
    await reaches(2);
    await machine.kafka.kill();
    try {
      running.process.kill('SIGTERM');
      expect(await running.finished).toMatchObject({ signal: null });
    } finally {
      await machine.kafka.restart();
    }
    expect(await stored()).toEqual([0]);
  });

  it('waits for a broker that is away when it starts, and ends meanwhile when it is asked to', async () => {
    await newTopic(TOPIC);
    await produce([valueFor(0), valueFor(1)]);
    await machine.kafka.kill();
    const [patient, asked] = [consumer(), consumer()];
    await Promise.all([patient, asked].map((one) => one.says(/ECONNREFUSED/)));
    await end(asked);
    await machine.kafka.restart();
    await reaches(2);
    await end(patient);
    expect(await stored()).toEqual([0, 1]);
  });
});
