// Chunks converted by hand: by age and by range, partial ones, ones in use, and none of them twice. TimescaleDB only.
import { createTestDatabase, describeOn, type TestDatabase } from '../local/test-servers';
import { withConnection, withTransaction } from '../server/connection';
import { applied, execute, select } from '../testing/apply';
import { untilBlocked } from '../testing/sessions';
import { metricTable, plant } from '../testing/sets';
import {
  type ChunkToConvert,
  type Conversion,
  type ConversionOptions,
  chunksToCompress,
  chunksToDecompress,
  columnstoreJob,
  convertChunks,
  type Direction,
} from './compress';

const table = metricTable();
const DAY = 86_400_000;
// Read once, and ages are counted to a noon of that time: no test minds a day that ends while it runs.
const today = Math.floor(Date.now() / DAY) * DAY;
const daysAgo = (days: number): Date => new Date(today - days * DAY);
/** The age at this moment of what happened at noon, so many days ago. */
const sinceNoon = (days: number): string =>
  `${Math.floor((Date.now() - daysAgo(days).getTime() - DAY / 2) / 60_000)} minutes`;

describeOn('timescaledb', 'chunks by hand', (server) => {
  let database: TestDatabase;
  let url: string;

  // 12 whole days, so as many chunks; the server's own conversion stands still.
  beforeEach(async () => {
    database = await createTestDatabase(server, applied([plant()], 'all jobs'));
    url = database.url;
    await execute(
      url,
      `INSERT INTO plant.metric SELECT '${daysAgo(12).toISOString()}'::timestamptz + n * interval '2 minutes', 'device ' || n % 3, n % 17 FROM generate_series(0, ${12 * 720 - 1}) n`,
    );
  });
  afterEach(() => database.drop());

  const due = (): Promise<readonly ChunkToConvert[]> =>
    withConnection(url, (db) => chunksToCompress(db, table, sinceNoon(9)));
  const within = (from: Date, to: Date): Promise<readonly ChunkToConvert[]> =>
    withConnection(url, (db) => chunksToDecompress(db, table, from, to));
  const convert = (
    direction: Direction,
    chunks: readonly ChunkToConvert[],
    options?: ConversionOptions,
  ): Promise<readonly Conversion[]> =>
    withConnection(url, (db) => convertChunks(db, direction, chunks, options));
  const states = (): Promise<{ compressed: number }[]> =>
    select(
      url,
      `SELECT count(*) FILTER (WHERE is_compressed)::int AS compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'metric'`,
    );
  const figures = (): Promise<object[]> =>
    select(
      url,
      'SELECT count(*)::int AS rows, sum(value)::int AS total, count(DISTINCT (at, device))::int AS keys FROM plant.metric',
    );

  it('finds chunks that are wholly older, and converts them without losing a row', async () => {
    const before = await figures();
    const chunks = await due();
    // The day that began 12, 11 and 10 days before midnight ended before that noon.
    expect(chunks.map(({ from, to, state }) => [from, to, state])).toEqual(
      [12, 11, 10].map((day) => [iso(daysAgo(day)), iso(daysAgo(day - 1)), 'rows']),
    );
    const conversions = await convert('columns', chunks);
    for (const { beforeBytes, afterBytes, error } of conversions) {
      expect(error).toBeUndefined();
      expect(afterBytes).toBeGreaterThan(0);
      expect(afterBytes).toBeLessThan(beforeBytes);
    }
    expect(await states()).toEqual([{ compressed: 3 }]);
    expect(await figures()).toEqual(before);
    expect(await due()).toEqual([]);
  });

  it('measures as the server does', async () => {
    const [chunk] = await due();
    await convert('columns', chunk === undefined ? [] : [chunk]);
    const sizes = await select<{ bytes: number }>(
      url,
      `SELECT d.total_bytes::float8 AS bytes FROM public.chunks_detailed_size('plant.metric') d WHERE format('%s.%s', d.chunk_schema, d.chunk_name) = '${chunk?.chunk}'`,
    );
    const [found] = await within(daysAgo(12), daysAgo(11));
    expect(sizes).toEqual([{ bytes: found?.bytes }]);
  });

  it('takes rows that came later into the columns, and leaves nothing dangling for a restore', async () => {
    await convert('columns', await due());
    await execute(
      url,
      `INSERT INTO plant.metric VALUES ('${daysAgo(11).toISOString()}'::timestamptz + interval '1 second', 'device 9', 1000)`,
    );
    const before = await figures();
    const chunks = await due();
    expect(chunks.map(({ from, state }) => [from, state])).toEqual([[iso(daysAgo(11)), 'partial']]);
    expect((await convert('columns', chunks)).map(({ error }) => error)).toEqual([undefined]);
    expect(await due()).toEqual([]);
    expect(await figures()).toEqual(before);
    expect(
      await select(
        url,
        `SELECT z.* FROM _timescaledb_catalog.compression_chunk_size z WHERE z.compressed_chunk_id <> 0 AND NOT EXISTS (SELECT FROM _timescaledb_catalog.chunk c WHERE c.id = z.compressed_chunk_id)`,
      ),
    ).toEqual([]);
  });

  it('turns the chunks of a range back, partial ones too, and no other', async () => {
    await convert('columns', await due());
    await execute(
      url,
      `INSERT INTO plant.metric VALUES ('${daysAgo(11).toISOString()}'::timestamptz + interval '1 second', 'device 9', 1000)`,
    );
    const before = await figures();
    // Ends are exclusive on both sides: the day that begins at the end is not touched.
    const chunks = await within(new Date(daysAgo(11).getTime() - 1), daysAgo(10));
    expect(chunks.map(({ from, state }) => [from, state])).toEqual([
      [iso(daysAgo(12)), 'columns'],
      [iso(daysAgo(11)), 'partial'],
    ]);
    for (const { beforeBytes, afterBytes } of await convert('rows', chunks))
      expect(afterBytes).toBeGreaterThan(beforeBytes);
    expect(await states()).toEqual([{ compressed: 1 }]);
    expect(await figures()).toEqual(before);
  });

  it('does nothing for a chunk that somebody else has converted, or turned back', async () => {
    const chunks = await due();
    await convert('columns', chunks);
    expect((await convert('columns', chunks)).map(({ error }) => error)).toEqual(chunks.map(() => undefined));
    await convert('rows', chunks);
    expect((await convert('rows', chunks)).map(({ error }) => error)).toEqual(chunks.map(() => undefined));
    expect(await states()).toEqual([{ compressed: 0 }]);
  });

  it('tells a chunk that stays in use or is gone, and goes on with the others', async () => {
    const chunks = await due();
    await execute(url, `DROP TABLE ${chunks[2]?.chunk}`);
    const conversions = await withConnection(url, (other) =>
      withTransaction(other, async () => {
        await other.query(`LOCK TABLE ${chunks[0]?.chunk} IN ACCESS SHARE MODE`);
        return convert('columns', chunks, { lockTimeoutMs: 300, attempts: 2 });
      }),
    );
    expect(conversions.map(({ error }) => error)).toEqual([
      expect.stringContaining('lock timeout'),
      undefined,
      expect.stringContaining('does not exist'),
    ]);
    expect(conversions.map(({ afterBytes }) => afterBytes === null)).toEqual([true, false, true]);
    expect(await states()).toEqual([{ compressed: 1 }]);
  });

  it('waits for a chunk that is in use for a moment', async () => {
    const chunks = (await due()).slice(0, 1);
    const conversions = await withConnection(url, async (other) => {
      await other.query('BEGIN');
      await other.query(`LOCK TABLE ${chunks[0]?.chunk} IN ACCESS SHARE MODE`);
      const running = convert('columns', chunks, { lockTimeoutMs: 500 });
      const first = await untilBlocked(url, { on: 'relation' });
      // Its first try is over, as it waits in another transaction.
      await untilBlocked(url, { on: 'relation', after: first });
      await other.query('COMMIT');
      return running;
    });
    expect(conversions.map(({ error }) => error)).toEqual([undefined]);
  });

  it('stops between two chunks, and goes on later', async () => {
    const stop = new AbortController();
    const chunks = await due();
    const done = await convert('columns', chunks, { signal: stop.signal, onDone: () => stop.abort() });
    expect(done).toHaveLength(1);
    expect(await states()).toEqual([{ compressed: 1 }]);
    expect(await due()).toEqual(chunks.slice(1));
  });

  it('fails when its session is lost, and the chunk under way stays as it was', async () => {
    const chunks = await due();
    const work = withConnection(url, (db) =>
      convertChunks(db, 'columns', chunks, {
        onDone: () => void db.query('SELECT pg_terminate_backend(pg_backend_pid())').catch(() => undefined),
      }),
    );
    await expect(work).rejects.toThrow(/terminat/);
    expect(await states()).toEqual([{ compressed: 1 }]);
    await convert('columns', await due());
    expect(await states()).toEqual([{ compressed: 3 }]);
  });

  it('knows the job that would convert them again, unless it stands still', async () => {
    const job = (): ReturnType<typeof columnstoreJob> =>
      withConnection(url, (db) => columnstoreJob(db, table));
    expect(await job()).toBeUndefined();
    await execute(
      url,
      `SELECT public.alter_job(job_id, scheduled => true) FROM timescaledb_information.jobs WHERE proc_name = 'policy_compression'`,
    );
    expect(await job()).toMatchObject({ id: expect.any(Number) });
  });
});

const iso = (time: Date): string => time.toISOString().replace('.000', '');
