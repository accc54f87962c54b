// The consumer over a broker in memory: records are stored once, whatever ends or is taken over.
import { openDatabase } from '../../api/database/database';
import { messageReader } from '../../api/streams/message-reader';
import type { MessageDestination } from '../../api/streams/store-messages';
import { desiredFrom } from '../../db/language/desired';
import {
  createTestDatabase,
  type TestDatabase,
  type TestServer,
  testServers,
} from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { business } from '../../db/schema/business';
import { service } from '../../db/schema/service';
import { applied, execute, select } from '../../db/testing/apply';
import { type StreamConsumer, startConsumer } from './consumer';
import type { StreamLog } from './consumer-parts';
import { declaredStreams } from './declared-streams';
import type { MessageSource, SourceEvents } from './message-source';
import { MemoryBroker, type MemorySource } from './testing/memory-broker';

const TOPIC = 'bss.customer.metrics';
const GROUP = 'timescale-ingest';
const ID = '00000000-0000-4000-8000-000000000001';
const START = Date.now();
const SETS = [business, service];

const good = (n: number): string =>
  JSON.stringify({
    time: new Date(START + n).toISOString(),
    customer_id: ID,
    metric_name: 'm',
    metric_value: n,
  });
const isBad = (n: number): boolean => n % 100 === 7;

// A machine that does other things takes its time for thousands of records, and counting them all the time is work, too.
const PATIENCE = { everyMs: 50, atMostMs: 100_000 };

interface MemberOptions {
  readonly log?: StreamLog;
  readonly statementTimeoutMs?: number;
}

describe.each(testServers())('a consumer on $describe', (server: TestServer) => {
  let database: TestDatabase;
  let pools: ReturnType<typeof openDatabase>[] = [];
  beforeEach(async () => {
    database = await createTestDatabase(server, applied(SETS, 'all jobs'));
  });
  afterEach(async () => {
    await Promise.all(pools.map((pool) => pool.end()));
    pools = [];
    await database.drop();
  });

  function destinationOf({ writer }: Pick<ReturnType<typeof openDatabase>, 'writer'>): MessageDestination {
    const [declared] = declaredStreams(desiredFrom(SETS), 'kafka', [TOPIC]);
    if (!declared) throw new Error('not declared');
    return {
      to: { pool: writer, engine: async () => server.engine, keepsRejected: true },
      table: declared.table,
      reader: messageReader(declared.stream),
      requestId: GROUP,
    };
  }

  /** A member of the group, with connections of its own. */
  async function member(
    broker: MemoryBroker,
    { log = SILENT, statementTimeoutMs = 60_000 }: MemberOptions = {},
  ): Promise<{ readonly consumer: StreamConsumer; readonly source: MemorySource }> {
    const connections = openDatabase({
      database: { connectionString: database.url },
      ...{ poolSize: 1, writePoolSize: 3, statementTimeoutMs },
    });
    pools.push(connections);
    const source = broker.source();
    const consumer = await startConsumer({
      source,
      group: GROUP,
      topics: new Map([[TOPIC, destinationOf(connections)]]),
      pool: connections.writer,
      letters: broker.publisher(connections.writer),
      batch: { rows: 500, ms: 20 },
      log,
      metrics: { stored: () => undefined },
    });
    return { consumer, source };
  }

  const counts = async () => {
    const [row] = await select<Record<string, number>>(
      database.url,
      `SELECT count(*)::int AS rows, count(DISTINCT metric_value)::int AS values, (SELECT count(*) FROM service.dead_letter)::int AS letters, (SELECT count(*) FROM service.stream_outbox)::int AS outbox FROM business.customer_metrics`,
    );
    return row ?? {};
  };
  const until = (expected: Readonly<Record<string, number>>) =>
    waitFor(
      JSON.stringify(expected),
      async () => {
        const now = await counts();
        return Object.entries(expected).every(([name, value]) => now[name] === value);
      },
      PATIENCE,
    );
  const rowsBeyond = (rows: number) =>
    waitFor(`${rows} rows`, async () => ((await counts()).rows ?? 0) > rows, PATIENCE);

  it('stores each record once through take-overs, lost members and lost connections', async () => {
    const broker = new MemoryBroker(TOPIC, 6);
    const total = 12_000;
    for (let n = 0; n < total; n += 1)
      broker.append({ topic: TOPIC, partition: n % 6 }, isBad(n) ? `{"number": ${n}` : good(n), START + n);
    const first = await member(broker);
    const members = [first, await member(broker)];
    await rowsBeyond(1_000);
    // Its consumer goes on with what it has, beside those that take over.
    first.source.lose();
    await rowsBeyond(2_500);
    await execute(
      database.url,
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'tsdb-api'`,
    );
    members.push(await member(broker));
    await rowsBeyond(5_000);
    members[1]?.source.lose();
    members.push(await member(broker));
    await until({ rows: 11_880, values: 11_880, letters: 120, outbox: 0 });
    for (const { consumer } of members) await consumer.stop();
    expect(await counts()).toEqual({ rows: 11_880, values: 11_880, letters: 120, outbox: 0 });
    const sent = broker.letters.map(({ partition, offset }) => Number(offset) * 6 + partition);
    expect(sent.sort((a, b) => a - b)).toEqual(Array.from({ length: total }, (_, n) => n).filter(isBad));
    const positions = await select<{ readonly next: string }>(
      database.url,
      'SELECT next_offset AS next FROM service.stream_offset',
    );
    expect(positions.map(({ next }) => Number(next))).toEqual(Array.from({ length: 6 }, () => 2_000));
  });

  it('tells the broker how far it is, and goes on there', async () => {
    const broker = new MemoryBroker(TOPIC, 1);
    const at = { topic: TOPIC, partition: 0 };
    for (let n = 0; n < 10; n += 1) broker.append(at, good(n), START + n);
    const before = await member(broker);
    await until({ rows: 10 });
    await before.consumer.stop();
    expect(broker.told.get(`${TOPIC}/0`)).toBe(10n);
    for (let n = 10; n < 20; n += 1) broker.append(at, good(n), START + n);
    const { consumer } = await member(broker);
    await until({ rows: 20, values: 20 });
    expect(consumer.troubles()).toEqual([]);
    await consumer.stop();
  });

  it.each([
    [
      'were deleted before they were read',
      (broker: MemoryBroker) => broker.expire({ topic: TOPIC, partition: 0 }, 15n),
      /offset 10/,
    ],
    [
      'are others than those that were stored',
      (broker: MemoryBroker) => {
        broker.remake({ topic: TOPIC, partition: 0 });
        for (let n = 100; n < 130; n += 1) broker.append({ topic: TOPIC, partition: 0 }, good(n), START + n);
      },
      /deleted and made anew/,
    ],
  ])('stops when records %s', async (_what, change, reason) => {
    const broker = new MemoryBroker(TOPIC, 1);
    const at = { topic: TOPIC, partition: 0 };
    for (let n = 0; n < 10; n += 1) broker.append(at, good(n), START + n);
    const before = await member(broker);
    await until({ rows: 10 });
    await before.consumer.stop();
    for (let n = 10; n < 20; n += 1) broker.append(at, good(n), START + n);
    change(broker);
    const { consumer } = await member(broker);
    expect((await consumer.failed).message).toMatch(reason);
    await consumer.stop();
    expect((await counts()).rows).toBe(10);
  });

  it('keeps every record of a batch that the database refuses, and stores the others', async () => {
    await execute(
      database.url,
      'ALTER TABLE business.customer_metrics ADD CONSTRAINT few CHECK (metric_value < 200)',
    );
    const broker = new MemoryBroker(TOPIC, 1);
    for (let n = 0; n < 500; n += 1) broker.append({ topic: TOPIC, partition: 0 }, good(n), START + n);
    const { consumer } = await member(broker);
    await until({ rows: 200, letters: 300, outbox: 0 });
    await consumer.stop();
    expect(broker.letters.length).toBe(300);
  });

  it('keeps refused records with any number as their time, and headers with any name', async () => {
    const broker = new MemoryBroker(TOPIC, 1);
    const at = { topic: TOPIC, partition: 0 };
    broker.append(at, 'nanoseconds', 1_795_176_000_000_000_000, [['a\0b', Buffer.from('1')]]);
    broker.append(at, 'beyond the calendar', 8.64e15 + 1, [['constructor', Buffer.from('2')]]);
    broker.append(at, good(1), START);
    const { consumer } = await member(broker);
    await until({ rows: 1, letters: 2, outbox: 0 });
    await consumer.stop();
    expect(broker.letters.map(({ offset }) => offset)).toEqual([0n, 1n]);
  });

  it('stores fewer records at a time when so many take too long', async () => {
    await execute(
      database.url,
      `CREATE FUNCTION public.slow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.01); RETURN NEW; END $$;
       CREATE TRIGGER slow BEFORE INSERT ON business.customer_metrics FOR EACH ROW EXECUTE FUNCTION public.slow()`,
    );
    const broker = new MemoryBroker(TOPIC, 1);
    for (let n = 0; n < 200; n += 1) broker.append({ topic: TOPIC, partition: 0 }, good(n), START + n);
    const { consumer } = await member(broker, { statementTimeoutMs: 1_500 });
    await until({ rows: 200, values: 200 });
    await consumer.stop();
  });

  it('stores what it can of other partitions while records of one that fill the memory cannot be stored', async () => {
    await execute(
      database.url,
      `CREATE FUNCTION public.broken() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.metric_name = 'broken' THEN RAISE EXCEPTION 'not now'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER broken BEFORE INSERT ON business.customer_metrics FOR EACH ROW EXECUTE FUNCTION public.broken()`,
    );
    const broker = new MemoryBroker(TOPIC, 2);
    for (let n = 0; n < 700; n += 1) {
      const row = { ...JSON.parse(good(n)), metric_name: 'broken', labels: { text: 'x'.repeat(60_000) } };
      broker.append({ topic: TOPIC, partition: 0 }, JSON.stringify(row), START + n);
    }
    const { consumer } = await member(broker);
    await waitFor('trouble', () => consumer.troubles().length > 0);
    for (let n = 0; n < 2_500; n += 1) broker.append({ topic: TOPIC, partition: 1 }, good(n), START + n);
    await until({ rows: 2_500, values: 2_500 });
    expect(consumer.lag().map(({ lag }) => lag)).toEqual([700, 0]);
    await execute(database.url, 'DROP TRIGGER broken ON business.customer_metrics');
    await until({ rows: 3_200 });
    await consumer.stop();
  }, 60_000);

  it('does not seek for an assignment that has ended while it read its position', async () => {
    const seeks: (bigint | undefined)[] = [];
    let events: SourceEvents | undefined;
    const connections = openDatabase({
      database: { connectionString: database.url },
      ...{ poolSize: 1, writePoolSize: 3, statementTimeoutMs: 60_000 },
    });
    pools.push(connections);
    const blocked = await connections.writer.connect();
    await blocked.query('BEGIN; LOCK TABLE service.stream_offset');
    const source: MessageSource = {
      start: async (given) => {
        events = given;
      },
      seek: async (_at, offset) => void seeks.push(offset),
      ...{ pause: nothing, resume: nothing, commit: async () => undefined, stop: async () => undefined },
    };
    const consumer = await startConsumer({
      ...{ source, group: GROUP, topics: new Map([[TOPIC, destinationOf(connections)]]) },
      ...{ pool: connections.writer, letters: undefined, batch: { rows: 500, ms: 20 } },
      ...{ log: SILENT, metrics: { stored: () => undefined } },
    });
    const at = { topic: TOPIC, partition: 0 };
    events?.assigned([at]);
    await waitFor('the position is asked for', async () => {
      const waiting = await select(
        database.url,
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
      );
      return waiting.length > 0;
    });
    for (const assigned of [[], [at]]) events?.assigned(assigned);
    await blocked.query('COMMIT');
    blocked.release();
    await waitFor('a seek', () => seeks.length > 0);
    await consumer.stop();
    expect(seeks).toEqual([undefined]);
  });

  it('waits for a database that refuses to write, and is not ready meanwhile', async () => {
    await execute(database.url, 'ALTER TABLE business.customer_metrics RENAME TO away');
    const broker = new MemoryBroker(TOPIC, 1);
    for (let n = 0; n < 10; n += 1) broker.append({ topic: TOPIC, partition: 0 }, good(n), START + n);
    const said = { warn: 0, debug: 0 };
    const counted = (level: keyof typeof said) => (_about: object, line: string) => {
      if (line.startsWith('records cannot be stored now')) said[level] += 1;
    };
    const log = { ...SILENT, warn: counted('warn'), debug: counted('debug') } as StreamLog;
    const { consumer } = await member(broker, { log });
    await waitFor('trouble', () => consumer.troubles().length > 0);
    // A warning would mean that the consumer was believed to be well again: the position can be read between two tries to write.
    await waitFor('a third try', () => said.debug >= 2);
    expect(said.warn).toBe(1);
    expect(consumer.troubles()).not.toEqual([]);
    await execute(database.url, 'ALTER TABLE business.away RENAME TO customer_metrics');
    await until({ rows: 10 });
    await waitFor('no trouble', () => consumer.troubles().length === 0);
    await consumer.stop();
  });
});

const nothing = () => undefined;
const SILENT = { debug: nothing, info: nothing, warn: nothing, error: nothing } as unknown as StreamLog;
