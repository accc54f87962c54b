// The operations endpoints on real servers: figures of known chunks, jobs, and aggregates through their life.
import { testServers } from '../../db/local/test-servers';
import { execute, pauseJobs } from '../../db/testing/apply';
import { startApi } from '../testing/api-under-test';
import { at } from '../testing/clock';
import { refreshAll, runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';

const DAY = 86_400_000;
const AGGREGATES = ['sensor_data_hourly', 'sensor_data_daily', 'sensor_data_monthly', 'peak_hours'];

interface Chunk {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly bytes: number;
  readonly compressed: boolean;
}
interface Tables<T> {
  readonly tables: readonly (T & { readonly table: string })[];
}

describe.each(testServers())('operations on $describe', (server) => {
  const onTimescale = server.engine === 'timescaledb';
  const api = forSuite(() => startApi(server));
  const today = Math.floor(Date.now() / DAY) * DAY;
  const midnight = (daysAgo: number) => new Date(today - daysAgo * DAY).toISOString().replace('.000', '');

  beforeAll(async () => {
    if (onTimescale) await pauseJobs(api.url, 'policy_compression');
    else
      await execute(
        api.url,
        `SELECT tsdb.ensure_chunks('public', 'sensor_data', '${midnight(22)}', '${midnight(20)}')`,
      );
  });

  const read = async <T>(path: string): Promise<T> => {
    const answer = await api.get(`/api/operations/${path}`);
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-cache']);
    return answer.json();
  };
  const problemAt = async (path: string) => {
    const answer = await api.get(`/api/operations/${path}`);
    const { type, detail } = answer.json();
    return { status: answer.statusCode, name: type.replace('urn:tsdb:problem:', ''), detail };
  };

  describe('aggregates', () => {
    interface Aggregate {
      readonly aggregate: string;
      readonly watermark: string | null;
      readonly age_seconds: number | null;
      readonly state: string;
    }
    const aggregates = async () =>
      (await read<{ aggregates: readonly Aggregate[] }>('aggregates')).aggregates;

    it('have no complete bucket at first', async () => {
      const found = await aggregates();
      expect(found.map(({ aggregate }) => aggregate).sort()).toEqual([...AGGREGATES].sort());
      for (const one of found)
        expect(one).toMatchObject({ state: 'never', watermark: null, age_seconds: null, real_time: true });
      expect(found[0]).toMatchObject({ aggregate: 'sensor_data_hourly', every: '1 hour' });
    });

    it('are not stale when a database was just started and has less than a bucket of readings', async () => {
      await runSql(api.url, `INSERT INTO sensor_data VALUES (now(), 'just started', 1, 2, 3)`);
      await refreshAll(api.url);
      // What is known of watermarks is kept for two seconds.
      const soon = Date.now() + 3_000;
      for (const { aggregate, state, watermark } of await at(soon, aggregates))
        expect([aggregate, state]).toEqual([aggregate, watermark === null ? 'never' : 'fresh']);
      await runSql(api.url, `DELETE FROM sensor_data WHERE sensor_id = 'just started'`);
    });

    it('are fresh after their refresh, and stale when no more come', async () => {
      // Three days full of readings for three sensors, and an hour every day up to now, so that every aggregate ends now.
      await runSql(
        api.url,
        `INSERT INTO sensor_data SELECT $1::timestamptz + n * interval '30 seconds', 'sensor_' || n % 3, n % 20, n % 50, 1000
           FROM generate_series(0, 3 * 2880 - 1) n`,
        [midnight(22)],
      );
      await runSql(
        api.url,
        `INSERT INTO sensor_data SELECT $1::timestamptz - n * interval '1 hour', 'sensor_0', 1, 2, 3 FROM generate_series(0, 960) n`,
        [new Date()],
      );
      await refreshAll(api.url);
      // What is known of watermarks is kept for two seconds, also what the test before asked three seconds ahead.
      const soon = Date.now() + 6_000;
      for (const { aggregate, state, watermark, age_seconds } of await at(soon, aggregates)) {
        expect([aggregate, state]).toEqual([aggregate, 'fresh']);
        expect(age_seconds).toBeCloseTo((soon - Date.parse(watermark ?? '')) / 1_000, -1);
      }
      const states = (await at(soon + 40 * DAY, aggregates)).map(({ state }) => state);
      expect(states).toEqual(['stale', 'stale', 'stale', 'stale']);
    });
  });

  describe('chunks', () => {
    const chunks = (question = '') =>
      read<Tables<{ bytes: number; total: number; chunks: Chunk[] }>>(`chunks${question}`);

    it('are listed for every table and aggregate, newest first', async () => {
      const { tables } = await chunks();
      expect(tables.map(({ table }) => table).sort()).toEqual(
        ['sensor_data', 'sensor_alerts', ...AGGREGATES].sort(),
      );
      const { chunks: list = [], total, bytes } = tables.find(({ table }) => table === 'sensor_data') ?? {};
      expect(list).toHaveLength(total ?? -1);
      const old = list.filter(({ to }) => to <= midnight(19));
      const days = onTimescale ? old.slice(0, 3) : old;
      expect(days.map(({ from, to }) => [from, to])).toEqual(
        [20, 21, 22].map((daysAgo) => [midnight(daysAgo), midnight(daysAgo - 1)]),
      );
      expect(list.map(({ from }) => from)).toEqual(
        list
          .map(({ from }) => from)
          .toSorted()
          .toReversed(),
      );
      expect(bytes).toBeGreaterThan(list.reduce((sum, chunk) => sum + chunk.bytes, 0));
    });

    it('are listed for one table or aggregate, as many as asked for', async () => {
      const [all] = (await chunks('?table=sensor_data')).tables;
      const { tables } = await chunks('?table=sensor_data&limit=2');
      expect(tables).toEqual([{ ...all, chunks: all?.chunks.slice(0, 2) }]);
      expect((await chunks('?table=peak_hours')).tables.map(({ table }) => table)).toEqual(['peak_hours']);
    });

    it.each([
      ['?table=nope', 404, 'unknown-table'],
      ['?table=service.api_key', 404, 'unknown-table'],
      ['?table=public.sensor_data', 404, 'unknown-table'],
      ['?limit=0', 400, 'invalid-request'],
      ['?limit=10001', 400, 'invalid-request'],
      ['?tabel=sensor_data', 400, 'invalid-request'],
    ])('refuses %s', async (question, status, name) => {
      expect(await problemAt(`chunks${question}`)).toMatchObject({ status, name });
    });
  });

  it('says what compression saved', async () => {
    const compression = () =>
      read<Tables<Record<string, number | null>> & { available: boolean }>('compression');
    const of = ({ tables }: Awaited<ReturnType<typeof compression>>) =>
      tables.find(({ table }) => table === 'sensor_data');
    const before = await compression();
    expect(before.available).toBe(onTimescale);
    const none = { compressed_chunks: 0, before_bytes: 0, after_bytes: 0, saved_percent: null };
    expect(of(before)).toMatchObject(none);
    if (!onTimescale) return;
    await execute(
      api.url,
      `SELECT public.compress_chunk(c, if_not_compressed => true) FROM public.show_chunks('public.sensor_data',
        newer_than => timestamptz '${midnight(22)}', older_than => timestamptz '${midnight(19)}') c`,
    );
    const after = of(await compression());
    expect(after).toMatchObject({ chunks: of(before)?.chunks, compressed_chunks: 3 });
    const [was, is] = [after?.before_bytes ?? 0, after?.after_bytes ?? 0];
    expect(is).toBeGreaterThan(0);
    expect(is).toBeLessThan(was);
    expect(after?.saved_percent).toBeCloseTo(100 - (is * 100) / was, 1);
    const [table] = (await read<Tables<{ chunks: Chunk[] }>>('chunks?table=sensor_data')).tables;
    expect(table?.chunks.filter(({ compressed }) => compressed).map(({ from }) => from)).toEqual(
      [20, 21, 22].map(midnight),
    );
  });

  it('lists the jobs', async () => {
    const { jobs } = await read<{ jobs: readonly Record<string, unknown>[] }>('jobs');
    const names = jobs.map(({ job }) => job);
    expect(names).toEqual(
      expect.arrayContaining([
        ...AGGREGATES.map((aggregate) => `refresh of public.${aggregate}`),
        'retention of public.sensor_data',
        onTimescale ? 'columnstore of public.sensor_data' : 'chunks of public.sensor_data',
      ]),
    );
    expect(new Set(jobs.map(({ id }) => id)).size).toBe(jobs.length);
    const paused = jobs.filter(({ state }) => state === 'paused').map(({ job }) => job);
    expect(paused).toEqual(
      onTimescale ? names.filter((name) => /^(retention|columnstore) of/.test(String(name))) : [],
    );
    if (onTimescale) return;
    await execute(
      api.url,
      `UPDATE tsdb.job SET last_error = 'disk is full', total_runs = 1, last_finished_at = '2026-01-02 03:04:05Z',
              next_start = '2100-01-01' WHERE kind = 'chunks' AND object_name = 'sensor_data'`,
    );
    expect((await read<{ jobs: typeof jobs }>('jobs')).jobs).toContainEqual({
      id: expect.any(Number),
      job: 'chunks of public.sensor_data',
      state: 'failing',
      last_finished: '2026-01-02T03:04:05Z',
      next_start: '2100-01-01T00:00:00Z',
      error: 'disk is full',
    });
  });
});
