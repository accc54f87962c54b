// Chunks and compression of tables with hash partitions, aggregates, and a table without rows; sizes are added up by hand.
import { continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { avg } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { desc, index } from '../language/indexes';
import { schemaSet } from '../language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { access } from '../schema/access';
import { asking } from '../server/ask';
import { withConnection } from '../server/connection';
import { applied, execute, select } from '../testing/apply';
import { refreshAggregates } from '../upkeep/refresh';
import { readChunks, readCompression, savedPercent } from './chunks';

const reading = hypertable('yard.reading', {
  columns: { time: timestamptz().notNull(), device: text().notNull(), value: float8() },
  time: 'time',
  chunkInterval: '1 day',
  hash: { by: 'device', count: 2 },
  indexes: [index('device', desc('time'))],
  // Far enough away for the policy to leave the rows of this test alone.
  columnstore: { segmentBy: ['device'], orderBy: [desc('time')], after: '10 years' },
});
const readingDaily = continuousAggregate('yard.reading_daily', {
  from: reading,
  bucket: '1 day',
  groupBy: ['device'],
  select: { mean: avg('value') },
  realTime: false,
  refresh: { startOffset: '7 days', endOffset: '1 day', every: '1 day' },
});
const idle = hypertable('yard.idle', {
  columns: { time: timestamptz().notNull() },
  time: 'time',
  chunkInterval: '1 day',
});
const sets = [schemaSet('yard', [reading, readingDaily, idle]), access];
const NAMES = ['yard.idle', 'yard.reading_daily', 'yard.reading', 'yard.nothing'];
const DAYS = ['2026-01-05', '2026-01-06', '2026-01-07'];

const CITUS_SIZE = `CASE WHEN EXISTS (SELECT FROM pg_dist_partition d WHERE d.logicalrelid = oid) THEN citus_total_relation_size(oid) ELSE pg_total_relation_size(oid) END`;

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;

  beforeAll(async () => {
    database = await createTestDatabase(server, applied(sets));
    if (engine !== 'timescaledb')
      await execute(
        database.url,
        `SELECT tsdb.ensure_chunks('yard', 'reading', '2026-01-05', '2026-01-07 23:00:00')`,
      );
    await execute(
      database.url,
      `INSERT INTO yard.reading SELECT timestamptz '2026-01-05 00:00:00+00' + n * interval '1 minute', 'device ' || n % 8, n
         FROM generate_series(0, 3 * 1440 - 1) n`,
    );
    await withConnection(database.url, (db) => refreshAggregates(db, engine, [readingDaily]));
  });
  afterAll(() => database.drop());

  const chunks = (newest = 500, names = NAMES) =>
    withConnection(database.url, (db) => readChunks(asking(db), engine, names, newest));
  const compression = () => withConnection(database.url, (db) => readCompression(asking(db), engine, NAMES));
  /** Bytes of the relations whose names match, added up by hand. */
  const bytesOf = async (pattern: string): Promise<number> => {
    const rows = await select<{ bytes: string }>(
      database.url,
      `SELECT ${engine === 'citus' ? CITUS_SIZE : 'pg_total_relation_size(oid)'} AS bytes FROM pg_class WHERE relkind IN ('r', 'p') AND relname ~ $1`,
      [pattern],
    );
    return rows.reduce((sum, { bytes }) => sum + Number(bytes), 0);
  };

  it('lists chunks with their ranges, newest first, in the order of the names', async () => {
    const found = await chunks();
    expect(found.map(({ table }) => table)).toEqual(NAMES);
    const { chunks: list = [], total } = found[2] ?? {};
    expect(list).toHaveLength(total ?? 0);
    const ours = list.filter(({ to }) => (to ?? '') <= '2026-01-08T00:00:00Z');
    // TimescaleDB makes a chunk per day and hash partition, the emulation keeps those inside of the chunk.
    const parts = engine === 'timescaledb' ? 2 : 1;
    expect(ours.map(({ from, to }) => [from, to])).toEqual(
      DAYS.toReversed().flatMap((day) => {
        const next = new Date(Date.parse(day) + 86_400_000).toISOString().slice(0, 10);
        return Array.from({ length: parts }, () => [`${day}T00:00:00Z`, `${next}T00:00:00Z`]);
      }),
    );
    expect(new Set(list.map(({ name }) => name)).size).toBe(list.length);
    expect(list.every(({ compressed }) => !compressed)).toBe(true);
  });

  it('adds up sizes with indexes and hash partitions', async () => {
    const [, , table] = await chunks();
    for (const { name, bytes } of table?.chunks ?? []) {
      const relname = name.split('.')[1] ?? '';
      const parts = engine !== 'timescaledb' ? `^${relname}(_\\d+)?$` : `^${relname}$`;
      expect([name, bytes]).toEqual([name, await bytesOf(parts)]);
      expect(bytes).toBeGreaterThan(0);
    }
    const listed = (table?.chunks ?? []).reduce((sum, { bytes }) => sum + (bytes ?? 0), 0);
    const beside = await bytesOf(engine !== 'timescaledb' ? '^yard_reading_default$' : '^reading$');
    expect(beside).toBeGreaterThan(0);
    expect(table?.bytes).toBe(listed + beside);
  });

  it('counts what it does not list', async () => {
    const [all, newest, none] = [await chunks(), await chunks(2), await chunks(0)];
    expect(newest[2]?.chunks).toEqual(all[2]?.chunks.slice(0, 2));
    expect(newest[2]).toMatchObject({ total: all[2]?.total, bytes: all[2]?.bytes });
    expect(none[2]).toEqual({ ...all[2], chunks: [] });
  });

  it('has sizes of stored buckets, of a table without rows, and nothing of what does not exist', async () => {
    const [empty, daily, , nothing] = await chunks();
    expect(daily?.bytes).toBeGreaterThan(0);
    if (engine !== 'timescaledb') expect(daily).toMatchObject({ total: 0, chunks: [] });
    else expect(daily?.total).toBeGreaterThan(0);
    expect(empty?.chunks.every(({ from }) => (from ?? '') > '2026-01-08')).toBe(true);
    expect(nothing).toEqual({ table: 'yard.nothing', total: 0, bytes: 0, chunks: [] });
  });

  it('tells the same to a login that may only read', async () => {
    const asReader = await withConnection(database.url, async (db) => {
      await db.query('SET ROLE tsdb_reader');
      return [
        await readChunks(asking(db), engine, NAMES, 500),
        await readCompression(asking(db), engine, NAMES),
      ];
    });
    expect(asReader).toEqual([await chunks(), await compression()]);
  });

  it('sends one query, however many tables there are', async () => {
    const counted = async (names: readonly string[]): Promise<number> => {
      let queries = 0;
      await withConnection(database.url, async (db) => {
        const ask: ReturnType<typeof asking> = (sql, values) => {
          queries += 1;
          return asking(db)(sql, values);
        };
        await readChunks(ask, engine, names, 500);
        await readCompression(ask, engine, names);
      });
      return queries;
    };
    expect([await counted(NAMES), await counted(NAMES.slice(0, 1))]).toEqual([2, 2]);
  });

  it('says what compression saved', async () => {
    if (engine === 'timescaledb')
      await execute(
        database.url,
        `SELECT public.compress_chunk(c) FROM public.show_chunks('yard.reading', older_than => timestamptz '2026-01-07') c`,
      );
    const [before, daily, table, nothing] = await compression();
    const idleOne = { chunks: 0, compressedChunks: 0, beforeBytes: 0, afterBytes: 0 };
    expect(nothing).toEqual({ table: 'yard.nothing', ...idleOne });
    expect([before, daily]).toMatchObject([{ compressedChunks: 0 }, { compressedChunks: 0, beforeBytes: 0 }]);
    const [, , listed] = await chunks();
    expect(table?.chunks).toBe(listed?.total);
    const compressed = (listed?.chunks ?? []).filter((chunk) => chunk.compressed);
    expect(compressed.map(({ from }) => from?.slice(0, 10))).toEqual(
      engine === 'timescaledb' ? ['2026-01-06', '2026-01-06', '2026-01-05', '2026-01-05'] : [],
    );
    expect(table?.compressedChunks).toBe(compressed.length);
    if (engine !== 'timescaledb') return;
    // Of a compressed chunk the columnstore's part counts too: its own heap is empty.
    const own = await bytesOf(`^(${compressed.map(({ name }) => name.split('.')[1]).join('|')})$`);
    expect(compressed.reduce((sum, { bytes }) => sum + (bytes ?? 0), 0)).toBeGreaterThan(own);
    expect(table?.afterBytes).toBeGreaterThan(0);
    expect(table?.beforeBytes).toBeGreaterThan(table?.afterBytes ?? 0);
  });
});

it('tells what is saved in percent', () => {
  expect(savedPercent({ beforeBytes: 1_000, afterBytes: 125 })).toBe(87.5);
  expect(savedPercent({ beforeBytes: 100, afterBytes: 150 })).toBe(-50);
  expect(savedPercent({ beforeBytes: 0, afterBytes: 0 })).toBeNull();
  expect(savedPercent({ beforeBytes: null, afterBytes: null })).toBeNull();
});
