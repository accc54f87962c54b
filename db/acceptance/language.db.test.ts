// What the schema language can say means the same on both engines: the same rows give the same figures.
import { continuousAggregate } from '../language/aggregate';
import { bigint, float8, integer, jsonb, text, timestamptz } from '../language/columns';
import {
  avg,
  count,
  countDistinct,
  filter,
  first,
  last,
  max,
  min,
  minus,
  percentile,
  sql,
  stddev,
  sum,
  where,
} from '../language/expressions';
import { sqlFunction } from '../language/function';
import { hypertable } from '../language/hypertable';
import { desc, expression, gin, index, partial, uniqueIndex } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { table } from '../language/table';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { itUnless } from '../local/testing/needs';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { type ReconcilerCase, runCases } from '../testing/run-cases';

const trades = hypertable('lab.trade', {
  columns: {
    time: timestamptz().notNull(),
    symbol: text().notNull(),
    price: float8(),
    volume: bigint(),
    status: integer(),
    tags: jsonb().default(`'{}'::jsonb`),
  },
  time: 'time',
  chunkInterval: '1 day',
  hash: { by: 'symbol', count: 3 },
  indexes: [
    index('symbol', desc('time')),
    uniqueIndex('symbol', 'time', 'price'),
    gin('tags'),
    partial(index('symbol'), "status >= 500 AND symbol <> 'x'"),
    index(expression('lower(symbol)'), desc('time')),
  ],
});

const figures = continuousAggregate('lab.figures', {
  from: trades,
  bucket: '1 hour',
  groupBy: ['symbol'],
  select: {
    open: first('price', 'time'),
    close: last('price', 'time'),
    low: min('price'),
    high: max('price'),
    spread: minus(max('price'), min('price')),
    mean: avg('price'),
    deviation: stddev('price'),
    volume: sum('volume'),
    median: percentile(0.5, 'price'),
    p95: percentile(0.95, 'price'),
    statuses: countDistinct('status'),
    errors: filter(count(), where('status', '>=', 500)),
    named: filter(count('price'), where('symbol', '=', "it's")),
    weighted: sql('sum(price * volume) / nullif(sum(volume), 0)'),
  },
  realTime: true,
  refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
});

const registry = table('lab.registry', {
  columns: { symbol: text().notNull(), venue: text().notNull(), note: text() },
  primaryKey: ['symbol', 'venue'],
  indexes: [index('venue')],
});

const doubled = (body: string, args = 'x numeric', returns = 'numeric'): ReturnType<typeof sqlFunction> =>
  sqlFunction('lab.doubled', { args, returns, volatility: 'immutable', body });

const lab: SchemaSet = schemaSet('lab', [trades, figures, registry, doubled('SELECT x * 2')]);
const without = (...names: readonly string[]): SchemaSet =>
  schemaSet(
    'lab',
    lab.objects.filter(({ name }) => !names.includes(name)),
  );
const withFunction = (changed: ReturnType<typeof sqlFunction>): SchemaSet =>
  schemaSet('lab', [...without('doubled').objects, changed]);

const skipping = (chunkSkipping: readonly ('status' | 'volume')[]): SchemaSet =>
  schemaSet('lab', [
    hypertable('lab.request', {
      columns: { time: timestamptz().notNull(), status: integer(), volume: bigint() },
      time: 'time',
      chunkInterval: '1 day',
      chunkSkipping,
      columnstore: { segmentBy: [], orderBy: [desc('time')], after: '7 days' },
    }),
  ]);

const reordered = (by: 'a' | 'b' | undefined): SchemaSet => {
  const indexes = { a: index('a', desc('time')), b: index('b', desc('time')) };
  return schemaSet('lab', [
    hypertable('lab.log', {
      columns: { time: timestamptz().notNull(), a: text(), b: text() },
      time: 'time',
      chunkInterval: '1 day',
      indexes: Object.values(indexes),
      ...(by ? { reorder: indexes[by] } : {}),
    }),
  ]);
};

const cases: readonly ReconcilerCase[] = [
  { name: 'creates every kind of object', from: [], to: [lab] },
  { name: 'sees them all as declared', from: [lab], to: [lab], steps: [] },
  {
    name: 'adds a table',
    from: [without('registry')],
    to: [lab],
    steps: ['create-table:lab.registry', 'create-index:lab.registry(venue)'],
  },
  { name: 'adds a function', from: [without('doubled')], to: [lab], steps: ['create-function:lab.doubled'] },
  {
    name: 'changes the body of a function',
    from: [lab],
    to: [withFunction(doubled('SELECT x + x'))],
    steps: ['change-function:lab.doubled'],
  },
  {
    name: 'repairs a function changed by hand',
    from: [lab],
    drift: [
      'CREATE OR REPLACE FUNCTION lab.doubled(x numeric) RETURNS numeric LANGUAGE sql VOLATILE AS $$SELECT x * 3$$',
    ],
    to: [lab],
    steps: ['change-function:lab.doubled'],
  },
  {
    name: 'refuses another type of a function',
    from: [lab],
    to: [withFunction(doubled('SELECT x * 2', 'x numeric', 'double precision'))],
    steps: [],
    refusals: ['lab.doubled returns numeric, declared double precision'],
  },
  {
    name: 'repairs a dropped partial index and leaves a similar one alone',
    from: [lab],
    drift: [
      'DROP INDEX lab.trade_symbol_idx',
      'CREATE INDEX other ON lab.trade (symbol) WHERE status >= 400',
    ],
    to: [lab],
    steps: ["create-index:lab.trade(symbol where status >= 500 AND symbol <> 'x')"],
    leaves: ['index other of lab.trade'],
  },
  {
    name: 'skips chunks by a column, and stops when it is no longer declared',
    from: [skipping(['status'])],
    to: [skipping(['volume'])],
    steps: ['enable-chunk-skipping:lab.request.volume', 'disable-chunk-skipping:lab.request.status'],
    engines: ['timescaledb'],
  },
  {
    name: 'reorders by an index, by another one, and no more',
    from: [reordered('a')],
    to: [reordered('b')],
    steps: ['reorder:lab.log'],
    engines: ['timescaledb'],
  },
  {
    name: 'stops to reorder when that is no longer declared',
    from: [reordered('a')],
    to: [reordered(undefined)],
    steps: ['reorder:lab.log'],
    engines: ['timescaledb'],
  },
  {
    name: 'refuses another primary key',
    from: [lab],
    drift: ['ALTER TABLE lab.registry DROP CONSTRAINT registry_pkey'],
    to: [lab],
    steps: [],
    refusals: ['lab.registry has the primary key none, declared symbol, venue'],
  },
];

runCases(cases);

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(server, applied([lab]));
    const { url } = database;
    if (engine !== 'timescaledb')
      await execute(url, `SELECT tsdb.ensure_chunks('lab', 'trade', '2025-11-01', '2025-11-04')`);
    await execute(
      url,
      `INSERT INTO lab.trade (time, symbol, price, volume, status)
       SELECT timestamptz '2025-11-01 00:00:00+00' + n * interval '37 seconds', (ARRAY['a', 'b', 'it''s'])[1 + n % 3], 100 + 10 * sin(n), n % 17, 200 + 100 * (n % 4)
         FROM generate_series(1, 5000) n`,
      `CALL public.refresh_continuous_aggregate('lab.figures', '2025-11-01', '2025-11-02')`,
    );
  });
  afterAll(() => database.drop());

  it('computes every figure as the raw rows say, refreshed or not', async () => {
    const got = await select(database.url, 'SELECT * FROM lab.figures ORDER BY bucket, symbol');
    const wanted = await select(
      database.url,
      `SELECT date_trunc('hour', time) AS bucket, symbol, (array_agg(price ORDER BY time))[1] AS open, (array_agg(price ORDER BY time DESC))[1] AS close,
              min(price) AS low, max(price) AS high, max(price) - min(price) AS spread, avg(price) AS mean, stddev(price) AS deviation, sum(volume) AS volume,
              percentile_cont(0.5) WITHIN GROUP (ORDER BY price) AS median, percentile_cont(0.95) WITHIN GROUP (ORDER BY price) AS p95,
              count(DISTINCT status) AS statuses, count(*) FILTER (WHERE status >= 500) AS errors, count(price) FILTER (WHERE symbol = 'it''s') AS named,
              sum(price * volume) / nullif(sum(volume), 0) AS weighted
         FROM lab.trade GROUP BY 1, 2 ORDER BY 1, 2`,
    );
    expect(got.length).toBeGreaterThan(100);
    const rounded = (rows: readonly object[]): unknown =>
      JSON.parse(JSON.stringify(rows), (_key, value) =>
        typeof value === 'number' ? Number(value.toPrecision(12)) : value,
      );
    expect(rounded(got)).toEqual(rounded(wanted));
  });

  // On citus, the distribution stands for hash partitions.
  const itWithHash = itUnless(engine === 'citus' ? 'citus distributes instead' : undefined);
  itWithHash('keeps rows of one value in one hash partition', async () => {
    const spread = await select<{ partitions: number }>(
      database.url,
      `SELECT count(DISTINCT tableoid)::int AS partitions FROM lab.trade WHERE symbol = 'a' AND time >= '2025-11-01' AND time < '2025-11-02'`,
    );
    expect(spread).toEqual([{ partitions: 1 }]);
  });

  itWithHash('changes the number of hash partitions for chunks to come', async () => {
    const more = { ...trades, hash: { by: 'symbol', count: 5 } } as typeof trades;
    const changed = schemaSet('lab', [more, { ...figures, from: more }, registry, doubled('SELECT x * 2')]);
    expect((await planSets(database.url, [changed])).steps.map(({ id }) => id)).toEqual([
      'hash-partitions:lab.trade',
    ]);
    await applySets(database.url, [changed]);
    expect((await planSets(database.url, [changed])).steps).toEqual([]);
    if (engine !== 'timescaledb')
      await execute(database.url, `SELECT tsdb.ensure_chunks('lab', 'trade', '2025-11-10', '2025-11-10')`);
    await execute(
      database.url,
      `INSERT INTO lab.trade (time, symbol) SELECT '2025-11-10', 's' || n FROM generate_series(1, 200) n`,
    );
    const used = await select<{ partitions: number }>(
      database.url,
      `SELECT count(DISTINCT tableoid)::int AS partitions FROM lab.trade WHERE time >= '2025-11-09'`,
    );
    expect(used).toEqual([{ partitions: 5 }]);
  });

  itWithHash('refuses to take a hash dimension away', async () => {
    const { hash: _hash, ...plain } = trades;
    const plan = await planSets(database.url, [
      schemaSet('lab', [plain, { ...figures, from: plain }, registry, doubled('SELECT x * 2')]),
    ]);
    expect(plan.refusals.map(({ what }) => what)).toEqual([
      'is hash-partitioned by symbol, declared without hash partitions',
    ]);
  });
});
