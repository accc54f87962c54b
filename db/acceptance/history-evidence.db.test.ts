// What tells that source rows are gone: everyday changes are followed, and a loss is seen whatever columns an aggregate has.
import { continuousAggregate } from '../language/aggregate';
import { float8, text, timestamptz } from '../language/columns';
import { desiredFrom } from '../language/desired';
import { count, type Expression, filter, max, minus, sql, sum, where } from '../language/expressions';
import { hypertable } from '../language/hypertable';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import type { Kept } from '../upkeep/history-guard';
import { refreshAggregates } from '../upkeep/refresh';

type Select = Readonly<Record<string, Expression<'v' | 'status'>>>;

// Names as people and programs may choose them, and as the guard's own queries use them.
const KEY = 'Stored  "key"';
const set = (columns: Select): SchemaSet => {
  const m = hypertable('proof.m', {
    columns: { at: timestamptz().notNull(), [KEY]: text(), stored: text(), v: float8(), status: text() },
    time: 'at',
    chunkInterval: '1 day',
  });
  const hourly = continuousAggregate('proof.m_h', {
    from: m,
    bucket: '1 hour',
    groupBy: [KEY, 'stored'],
    select: columns,
    realTime: false,
    refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
  });
  return schemaSet('proof', [m, hourly]);
};

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let url: string;
  /** A row every ten minutes of a day, in turn of a, b and NULL: 144 rows in 72 groups of two. */
  const beginWith = async (columns: Select): Promise<void> => {
    database = await createTestDatabase(server, applied([set(columns)], 'all jobs'));
    url = database.url;
    await execute(
      url,
      `INSERT INTO proof.m SELECT timestamptz '2026-01-01' + n * interval '10 minutes', (ARRAY['a', 'b'])[n % 3 + 1], 'x', n,
              CASE WHEN n % 2 = 0 THEN 'good 🔥' ELSE 'bad' END FROM generate_series(0, 143) n`,
    );
    await refresh(columns);
  };
  afterEach(() => database.drop());

  const refresh = (columns: Select, force = false): Promise<readonly (Kept | null)[]> =>
    withConnection(url, async (db) => {
      const { aggregates } = desiredFrom([set(columns)]);
      const results = await refreshAggregates(db, engine, aggregates, {}, undefined, { force });
      return results.map(({ kept }) => kept);
    });
  const one = async (query: string): Promise<Record<string, unknown> | undefined> =>
    (await select<Record<string, unknown>>(url, query))[0];
  const fill = async (columns: Select): Promise<string | undefined> =>
    (await planSets(url, [set(columns)])).steps.at(-1)?.summary;

  it('sees that a single row is gone, also at the very beginning of a bucket', async () => {
    const columns = { n: count(), s: sum('v') };
    await beginWith(columns);
    const all = await one('SELECT sum(n)::int AS n, sum(s) AS s FROM proof.m_h');
    expect(all).toEqual({ n: 144, s: 10_296 });
    await execute(url, `DELETE FROM proof.m WHERE at = '2026-01-01 10:00'`);
    expect(await refresh(columns)).toEqual([
      { buckets: 1, rows: 3, from: '2026-01-01T10:00:00Z', to: '2026-01-01T11:00:00Z' },
    ]);
    expect(await one('SELECT sum(n)::int AS n, sum(s) AS s FROM proof.m_h')).toEqual(all);
  });

  it('follows an update that lowers the counts of some rows, because the count of all rows stays', async () => {
    const columns = {
      n: count(),
      fewer: filter(count(), where('status', '=', 'good 🔥')),
      times: count('v'),
    };
    await beginWith(columns);
    await execute(
      url,
      `UPDATE proof.m SET status = 'bad' WHERE v = 50`,
      'UPDATE proof.m SET v = NULL WHERE v = 60',
    );
    expect(await refresh(columns)).toEqual([null]);
    expect(
      await one('SELECT sum(n)::int AS n, sum(fewer)::int AS fewer, sum(times)::int AS times FROM proof.m_h'),
    ).toEqual({ n: 144, fewer: 71, times: 143 });
  });

  it('follows late rows that make a difference of counts smaller', async () => {
    const bad = where('status', '=', 'bad');
    const columns = {
      same: minus(count(), filter(count(), bad)),
      rest: minus(filter(count('v'), where('v', '<', 20)), filter(count(), bad)),
    };
    await beginWith(columns);
    await execute(url, `INSERT INTO proof.m VALUES ('2026-01-01 05:05', 'a', 'x', 30, 'bad')`);
    expect(await refresh(columns)).toEqual([null]);
    expect(await one('SELECT sum(rest)::int AS rest FROM proof.m_h')).toEqual({ rest: 20 - 73 });
  });

  it('keeps what a fill has left out when more columns are added, or it is refreshed', async () => {
    await beginWith({ s: sum('v') });
    const half = `DELETE FROM proof.m WHERE at < '2026-01-01 12:00' AND extract(minute FROM at) >= 30`;
    await execute(url, half);
    const counted = { s: sum('v'), n: count() };
    const left = /stay NULL in 12 buckets before 2026-01-01T12:00:00Z \(36 rows\)/;
    expect(await fill(counted)).toMatch(left);
    await applySets(url, [set(counted)]);
    const stored = { s: 10_296, unfilled: 36 };
    const now = 'SELECT sum(s) AS s, count(*) FILTER (WHERE n IS NULL)::int AS unfilled FROM proof.m_h';
    expect(await one(now)).toEqual(stored);
    const kept = { buckets: 12, rows: 36, from: '2026-01-01T00:00:00Z', to: '2026-01-01T12:00:00Z' };
    expect(await refresh(counted, true)).toEqual([kept]);
    expect(await one(now)).toEqual(stored);
    const peaked = { ...counted, p: max('v') };
    expect(await fill(peaked)).toMatch(left);
    await applySets(url, [set(peaked)]);
    expect(await one(now)).toEqual(stored);
    // An untouched bucket beside them is filled and followed.
    await execute(url, `INSERT INTO proof.m VALUES ('2026-01-01 13:05', 'a', 'x', 1000, 'good')`);
    await refresh(peaked);
    expect(await one(now)).toEqual({ s: 11_296, unfilled: 36 });
    expect(await one('SELECT max(p) AS p FROM proof.m_h')).toEqual({ p: 1000 });
  });

  it('takes a count of different values for no proof that all rows are there', async () => {
    const columns = { s: sum('v'), kinds: sql('count( distinct status )') };
    await beginWith(columns);
    await execute(
      url,
      `INSERT INTO proof.m SELECT at + interval '1 minute', "Stored  ""key""", 'x', v, status FROM proof.m`,
    );
    await refresh(columns);
    await execute(
      url,
      `DELETE FROM proof.m WHERE at < '2026-01-01 03:00' AND extract(minute FROM at) % 10 = 1`,
    );
    expect(await fill({ ...columns, p: max('v') })).toMatch(
      /stay NULL in 3 buckets before 2026-01-01T03:00:00Z \(9 rows\)/,
    );
  });

  it('knows a count that is written in SQL, with another type', async () => {
    const columns = { s: sum('v'), n: sql('COUNT(*)::int') };
    await beginWith(columns);
    await execute(url, `DELETE FROM proof.m WHERE at < '2026-01-01 03:00' AND extract(minute FROM at) >= 30`);
    expect(await refresh(columns)).toEqual([
      { buckets: 3, rows: 9, from: '2026-01-01T00:00:00Z', to: '2026-01-01T03:00:00Z' },
    ]);
    expect(await one('SELECT sum(n)::int AS n FROM proof.m_h')).toEqual({ n: 144 });
  });
});
