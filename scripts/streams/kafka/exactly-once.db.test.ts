// The promise of streams on real parts: each good record is a row once, and each bad one a letter once in both places, whatever is killed
// meanwhile. `TSDB_TEST_STREAM_RECORDS` sets the size: 1000000 is the proof, the default fits into a test run.
import { describeUnless } from '../../../db/local/testing/needs';
import { waitFor } from '../../../db/local/testing/wait';
import type { Running } from '../../testing/command-line';
import { readTopic } from '../testing/read-topic';
import { noMachine, type StreamMachine, startStreamMachine } from '../testing/stream-machine';

const TOPIC = 'bss.customer.metrics';
const PARTITIONS = 6;
const RECORDS = Number(process.env.TSDB_TEST_STREAM_RECORDS || 30_000);
const IS_LARGE = RECORDS >= 1_000_000;
/** After a kill, the group waits until the broker misses the dead member, so a small run has fewer. */
const KILLS = IS_LARGE ? 5 : 2;
const POISON_EVERY = 100;
/** So small that a small run takes long enough to be disturbed. */
const BATCH = IS_LARGE ? '5000' : '100';
const PATIENCE = { everyMs: 5, atMostMs: 600_000 };

const START = Date.now() - 86_400_000;
const customer = (n: number): string => `00000000-0000-4000-8000-${String(n % 10_000).padStart(12, '0')}`;
const isPoison = (n: number): boolean => n % POISON_EVERY === 7;

/** One record. What is wrong with a bad one varies; its number is in it always. */
function valueFor(n: number): string {
  const good = {
    time: new Date(START + n).toISOString(),
    customer_id: customer(n),
    metric_name: 'visits',
    metric_value: n,
    labels: { n },
  };
  if (!isPoison(n)) return JSON.stringify(good);
  const kinds = [
    `{"n":${n}, broken`,
    JSON.stringify({ ...good, time: `never ${n}` }),
    JSON.stringify({ ...good, customer_id: `nobody ${n}` }),
    JSON.stringify({ ...good, unknown_member: n }),
    JSON.stringify({ ...good, metric_value: `many ${n}` }),
  ];
  return kinds[Math.floor(n / POISON_EVERY) % kinds.length] as string;
}

describeUnless(noMachine, `${RECORDS} records, two consumers, and everything is killed`, () => {
  let machine: StreamMachine;
  beforeAll(async () => {
    machine = await startStreamMachine();
    await machine.kafka.createTopic(TOPIC, PARTITIONS);
    await machine.kafka.createTopic(`${TOPIC}.dlq`, 3);
  }, 300_000);
  afterAll(() => machine?.stop());

  let produced = 0;
  /** Produces up to a share of the records. */
  async function produce(share: number): Promise<void> {
    const producer = machine.kafka.client().producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const end = Math.round(share * RECORDS);
    while (produced < end) {
      const numbers = Array.from({ length: Math.min(5_000, end - produced) }, (_, at) => produced + at);
      await producer.send({
        topic: TOPIC,
        acks: -1,
        messages: numbers.map((n) => ({ key: customer(n), value: valueFor(n), partition: n % PARTITIONS })),
      });
      produced += numbers.length;
    }
    await producer.disconnect();
  }

  /** How many records are stored or letters, by the stored positions. */
  const progress = async (): Promise<number | undefined> => {
    const rows = await machine.ask<{ n: number }>(
      'SELECT coalesce(sum(next_offset), 0)::float8 AS n FROM service.stream_offset',
    );
    return rows?.[0]?.n;
  };
  const passes = (share: number): Promise<void> =>
    waitFor(
      `${share} of the records`,
      async () => {
        const done = await progress();
        return done !== undefined && done >= share * RECORDS;
      },
      PATIENCE,
    ).then(() => undefined);
  /** Waits until consumers are in the middle of a part of the records that lies in the topic, and looks that they still are. */
  async function inTheMiddle(share: number): Promise<void> {
    await produce(share + 0.1);
    await passes(share);
    expect(await progress()).toBeLessThan(produced);
  }
  const committed = async (): Promise<Record<number, string>> => {
    const [topic] = await machine.kafka.admin((admin) =>
      admin.fetchOffsets({ groupId: machine.group, topics: [TOPIC] }),
    );
    return Object.fromEntries((topic?.partitions ?? []).map(({ partition, offset }) => [partition, offset]));
  };
  const consumer = (): Running => machine.consumer({ TSDB_STREAM_BATCH_ROWS: BATCH });

  it(
    'is each row once, and each letter once in the table and in the topic',
    async () => {
      const group = [consumer(), consumer()];
      for (let kill = 0; kill < KILLS; kill += 1) {
        await inTheMiddle(0.02 + (kill * 0.4) / KILLS);
        const victim = kill % 2;
        group[victim]?.process.kill('SIGKILL');
        expect(await group[victim]?.finished).toMatchObject({ signal: 'SIGKILL' });
        group[victim] = consumer();
      }
      await inTheMiddle(0.5);
      await machine.kafka.kill();
      await machine.kafka.restart();
      await inTheMiddle(0.62);
      await machine.restartDatabase();
      await inTheMiddle(0.74);
      const third = consumer();
      await third.says(/partitions assigned/);
      await inTheMiddle(0.86);
      third.process.kill('SIGTERM');
      expect(await third.finished).toMatchObject({ code: 0 });
      await produce(1);
      await passes(1);

      const perPartition = Object.fromEntries(
        Array.from({ length: PARTITIONS }, (_, at) => [at, String(Math.ceil((RECORDS - at) / PARTITIONS))]),
      );
      await waitFor(
        'the broker knows the end',
        async () => JSON.stringify(await committed()) === JSON.stringify(perPartition),
        { everyMs: 200, atMostMs: 120_000 },
      );
      for (const one of group) one.process.kill('SIGTERM');
      expect(await Promise.all(group.map(({ finished }) => finished))).toMatchObject([
        { code: 0 },
        { code: 0 },
      ]);

      const numbers = Array.from({ length: RECORDS }, (_, n) => n);
      const good = numbers.filter((n) => !isPoison(n));
      const poison = numbers.filter(isPoison);
      expect(
        await machine.ask(
          `SELECT count(*)::int AS rows, count(DISTINCT metric_value)::int AS different, sum(metric_value)::float8 AS sum,
                  count(*) FILTER (WHERE labels ->> 'n' = metric_value::text AND customer_id::text LIKE '%' || lpad((metric_value::int % 10000)::text, 12, '0'))::int AS right
             FROM business.customer_metrics`,
        ),
      ).toEqual([
        {
          rows: good.length,
          different: good.length,
          sum: good.reduce((sum, n) => sum + n, 0),
          right: good.length,
        },
      ]);
      const sorted = (values: readonly (string | undefined)[]) => [...values].sort();
      const letters = await machine.ask<{ original: string }>('SELECT original FROM service.dead_letter');
      expect(letters?.length).toBe(poison.length);
      const sent = await readTopic(machine.kafka, `${TOPIC}.dlq`);
      expect(sorted(sent.map(({ value }) => value))).toEqual(sorted(poison.map(valueFor)));
      expect(
        sorted(sent.map(({ headers }) => `${headers['dlq.partition']}/${headers['dlq.offset']}`)),
      ).toEqual(sorted(poison.map((n) => `${n % PARTITIONS}/${Math.floor(n / PARTITIONS)}`)));
      expect(await machine.ask('SELECT count(*)::int AS outbox FROM service.stream_outbox')).toEqual([
        { outbox: 0 },
      ]);
    },
    IS_LARGE ? 1_800_000 : 180_000,
  );
});
