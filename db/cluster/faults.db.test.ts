// What a cluster loses while it is written to: nothing. A worker is killed and comes back, one is added, one is drained and
// removed; then every row whose write was confirmed is there exactly once, and no row of a write that was refused.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { type ApiUnderTest, startBeside } from '../../api/testing/api-under-test';
import { type Finished, startTsdb, tsdb } from '../../scripts/testing/command-line';
import { describeUnless } from '../local/testing/needs';
import { waitFor } from '../local/testing/wait';
import { iot } from '../schema/iot';
import { service } from '../schema/service';
import { applySets, select } from '../testing/apply';
import { type Node, noCitus, startTestCluster, type TestCluster } from '../testing/citus-cluster';

/** Rows of one write. They belong to several sensors, so most writes go to all workers. */
const ROWS = 20;
const SENSORS = 10;
/** A write to a worker that is away ends within this time. */
const PATIENCE_MS = 30_000;

const MOVING = 'SELECT FROM pg_catalog.get_rebalance_progress() WHERE progress = 1';

/** What became of the writes of one writer, each of which has a number. */
interface Writer {
  readonly name: string;
  readonly confirmed: Set<number>;
  readonly refused: Set<number>;
  longestMs: number;
  readonly faults: Map<string, number>;
}

const newWriter = (name: string): Writer => ({
  name,
  confirmed: new Set(),
  refused: new Set(),
  longestMs: 0,
  faults: new Map(),
});

const sensorOf = (writer: Writer, row: number): string => `${writer.name}_${row % SENSORS}`;

describeUnless(noCitus, 'a cluster under load', () => {
  let cluster: TestCluster;
  let api: ApiUnderTest;
  let stopped = false;
  const writers = ['api_1', 'api_2', 'sql_1', 'sql_2'].map(newWriter);
  const [api1, api2, sql1, sql2] = writers as [Writer, Writer, Writer, Writer];
  let loops: Promise<unknown>[] = [];
  const figures: Record<string, string> = {};

  beforeAll(async () => {
    cluster = await startTestCluster(2);
    await applySets(cluster.coordinator.url, [iot, service]);
    api = startBeside(
      { url: cluster.coordinator.url },
      // What the API does not expect of a database is a fault of its own, and told here.
      { logger: { level: 'error', stream: { write: (line: string) => void process.stderr.write(line) } } },
    );
  });
  afterAll(async () => {
    stopped = true;
    await Promise.allSettled(loops);
    await api?.stop();
    await cluster?.stop();
  });

  /** One write after the other; a write that is refused is counted and never sent again. */
  async function loop(writer: Writer, write: (number: number) => Promise<string | undefined>): Promise<void> {
    for (let number = 0; !stopped; number += 1) {
      const began = performance.now();
      const fault = await write(number);
      writer.longestMs = Math.max(writer.longestMs, performance.now() - began);
      (fault === undefined ? writer.confirmed : writer.refused).add(number);
      if (fault !== undefined) {
        writer.faults.set(fault, (writer.faults.get(fault) ?? 0) + 1);
        await sleep(100);
      }
    }
  }

  /** By the API. A client sends a write again until it is confirmed, with the same key; so none of them is refused. */
  const throughApi =
    (writer: Writer) =>
    async (number: number): Promise<undefined> => {
      const time = new Date().toISOString();
      const body = Array.from({ length: ROWS }, (_, row) => ({
        time,
        sensor_id: sensorOf(writer, row),
        temperature: number,
      }));
      for (;;) {
        const began = performance.now();
        const answer = await api.send('POST', '/api/ingest/sensor_data', body, {
          'idempotency-key': `${writer.name}-${number}`,
        });
        writer.longestMs = Math.max(writer.longestMs, performance.now() - began);
        if (answer.statusCode === 200) return undefined;
        const fault = `${answer.statusCode} ${answer.json().title}`;
        writer.faults.set(fault, (writer.faults.get(fault) ?? 0) + 1);
        await sleep(100);
      }
    };

  /** In a transaction of two statements, so that a refusal may also come at its end. */
  const throughSql =
    (writer: Writer) =>
    async (number: number): Promise<string | undefined> => {
      const client = new Client({ connectionString: cluster.coordinator.url });
      client.on('error', () => undefined);
      const insert = `INSERT INTO public.sensor_data (time, sensor_id, temperature)
        SELECT now(), $1 || '_' || (i % ${SENSORS}), $2 FROM generate_series($3::int, $4::int) i`;
      try {
        await client.connect();
        await client.query('BEGIN');
        await client.query(insert, [writer.name, number, 1, ROWS / 2]);
        await client.query(insert, [writer.name, number, ROWS / 2 + 1, ROWS]);
        await client.query('COMMIT');
        return undefined;
      } catch (error) {
        await client.query('ROLLBACK').catch(() => undefined);
        return String((error as { code?: string }).code ?? error);
      } finally {
        await client.end().catch(() => undefined);
      }
    };

  const total = (): number => writers.reduce((sum, { confirmed }) => sum + confirmed.size, 0);
  const goesOn = async (what: string): Promise<void> => {
    const before = writers.map(({ confirmed }) => confirmed.size);
    await waitFor(
      `writes of every writer are confirmed ${what}`,
      () => writers.every(({ confirmed }, at) => confirmed.size >= (before[at] ?? 0) + 10),
      { everyMs: 50, atMostMs: 120_000 },
    );
  };
  const run = async (name: string, ...args: readonly string[]): Promise<Finished> => {
    const began = performance.now();
    const before = total();
    const finished = await tsdb(['cluster', ...args], { DATABASE_URL: cluster.coordinator.url });
    figures[name] =
      `${((performance.now() - began) / 1_000).toFixed(1)} s, ${total() - before} writes confirmed meanwhile`;
    return finished;
  };

  /** Every number of every writer, with the rows that are there. */
  async function compare(): Promise<void> {
    const found = await select<{ writer: string; number: number; rows: string }>(
      cluster.coordinator.url,
      `SELECT substr(sensor_id, 1, 5) AS writer, temperature AS number, count(*) AS rows FROM public.sensor_data GROUP BY 1, 2`,
    );
    const wrong = found.filter(
      ({ writer, number, rows }) =>
        !writers.find(({ name }) => name === writer)?.confirmed.has(number) || Number(rows) !== ROWS,
    );
    expect(wrong).toEqual([]);
    expect(found).toHaveLength(total());
  }

  it('refuses writes in bounded time while a worker is away, and takes them again when it is back', async () => {
    loops = [
      loop(api1, throughApi(api1)),
      loop(api2, throughApi(api2)),
      loop(sql1, throughSql(sql1)),
      loop(sql2, throughSql(sql2)),
    ];
    await goesOn('at the beginning');
    const [first] = cluster.workers as [Node, Node];
    await first.kill();
    await waitFor(
      'every writer has met the dead worker',
      () => writers.every(({ faults }) => faults.size > 0),
      { everyMs: 50 },
    );
    await first.start();
    await goesOn('after the worker is back');
    figures['longest write'] =
      `${(Math.max(...writers.map(({ longestMs }) => longestMs)) / 1_000).toFixed(1)} s`;
    expect(Math.max(...writers.map(({ longestMs }) => longestMs))).toBeLessThan(PATIENCE_MS);
  });

  it('moves shards to a new worker, and empties and removes another one, while rows are written', async () => {
    const third = await cluster.startSpare();
    expect(
      await run('add and rebalance', 'add', third.address, '--rebalance', '--mode', 'force_logical'),
    ).toMatchObject({
      code: 0,
    });
    await goesOn('with three workers');
    const [first] = cluster.workers as [Node, Node];
    expect(
      await run('drain and remove', 'drain', first.address, '--remove', '--mode', 'force_logical'),
    ).toMatchObject({
      code: 0,
    });
    await first.kill();
    await goesOn('without the first worker');
    const [placed] = await select<{ nodes: string }>(
      cluster.coordinator.url,
      'SELECT count(DISTINCT nodeport) AS nodes FROM pg_catalog.citus_shards WHERE citus_table_type = $1',
      ['distributed'],
    );
    expect(placed).toEqual({ nodes: '2' });
  });

  it('finishes the moves from a worker that was killed in the middle of one', async () => {
    const [, second] = cluster.workers as [Node, Node];
    const spare = await cluster.startSpare();
    expect(await run('add only', 'add', spare.address, '--mode', 'force_logical')).toMatchObject({ code: 0 });
    const began = performance.now();
    const drain = startTsdb(['cluster', 'drain', second.address, '--mode', 'force_logical'], {
      env: { DATABASE_URL: cluster.coordinator.url },
    });
    await waitFor(
      'a shard that moves',
      async () => (await select(cluster.coordinator.url, MOVING)).length > 0,
      { everyMs: 50, atMostMs: 60_000 },
    );
    await second.kill();
    await second.start();
    const { code, stderr } = await drain.finished;
    figures['drain of a worker that is killed meanwhile'] =
      `${((performance.now() - began) / 1_000).toFixed(1)} s`;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(stderr).toMatch(/it tries again after: /);
    await goesOn('on the last two workers');
  });

  it('has every confirmed row once, no refused one, and nothing undecided', async () => {
    stopped = true;
    await Promise.all(loops);
    await select(cluster.coordinator.url, 'SELECT recover_prepared_transactions()');
    const prepared = await select(
      cluster.coordinator.url,
      'SELECT result FROM run_command_on_all_nodes($$SELECT count(*) FROM pg_catalog.pg_prepared_xacts$$)',
    );
    expect(prepared).toEqual(prepared.map(() => ({ result: '0' })));
    await compare();
    const told = writers.map(
      ({ name, confirmed, refused, longestMs, faults }) =>
        `${name}: ${confirmed.size} confirmed, ${refused.size} refused, longest ${Math.round(longestMs)} ms, ${JSON.stringify([...faults])}`,
    );
    process.stderr.write(
      `${[...Object.entries(figures).map((one) => one.join(': ')), ...told].join('\n')}\n`,
    );
    expect(sql1.refused.size + sql2.refused.size).toBeGreaterThan(0);
  });
});
