// An aggregate that changes while rows arrive and people look at it.
import { setTimeout as sleep } from 'node:timers/promises';
import { withConnection } from '../connection';
import { createTestDatabase, testServers } from '../local/test-servers';
import { applied, applySets, execute, planSets } from '../testing/apply';
import { fill, leftovers, one, refresh } from '../testing/evolution-data';
import { type Works, works } from '../testing/evolution-sets';

const BEFORE: Works = { daily: 'over hourly' };
const CHANGES: readonly (readonly [string, Works])[] = [
  [
    'a column and another bucket',
    { ...BEFORE, bucket: '2 hours', hourly: ['readings', 'total_value', 'peak'] },
  ],
  ['a column in place', { ...BEFORE, hourly: ['readings', 'total_value', 'peak'] }],
  ['other groups, stored buckets only', { ...BEFORE, groupBy: ['device', 'site'], realTime: false }],
];
const DAYS = 10;

interface Seen {
  polls: number;
  readonly errors: string[];
  /** Smallest number of readings that any poll saw in the hourly and in the daily aggregate. */
  least: number;
}

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  it.each(CHANGES)('gains %s under two writers and readers', async (_name, to) => {
    const database = await createTestDatabase(server, applied([works(BEFORE)]));
    const { url } = database;
    await execute(url, ...fill(engine, DAYS));
    await refresh(url, 'works.hourly', 'works.daily');
    const stored = await one<{ readings: number }>(
      url,
      `SELECT count(*)::int AS readings FROM works.reading WHERE at < now() - interval '2 days'`,
    );

    const stop = new AbortController();
    const written = [write(url, 'writer 1', stop.signal), write(url, 'writer 2', stop.signal)];
    const seen = [poll(url, 'works.hourly', stop.signal), poll(url, 'works.daily', stop.signal)];
    await sleep(300);
    try {
      await applySets(url, [works(to)]);
      await sleep(300);
    } finally {
      stop.abort();
    }
    const rows = (await Promise.all(written)).reduce((sum, count) => sum + count, 0);
    for (const { polls, errors, least } of await Promise.all(seen)) {
      expect(errors).toEqual([]);
      expect(polls).toBeGreaterThan(20);
      // Never empty, never less than what was stored before.
      expect(least).toBeGreaterThanOrEqual(stored.readings);
    }

    expect(rows).toBeGreaterThan(50);
    await refresh(url, 'works.hourly', 'works.daily');
    const all = DAYS * 72 + rows;
    expect(
      await one(
        url,
        `SELECT (SELECT count(*)::int FROM works.reading) AS raw, (SELECT sum(readings)::int FROM works.hourly) AS hourly,
                (SELECT sum(readings)::int FROM works.daily) AS daily`,
      ),
    ).toEqual({ raw: all, hourly: all, daily: all });
    expect((await planSets(url, [works(to)])).steps).toEqual([]);
    expect(await leftovers(url, engine)).toEqual([]);
    await database.drop();
  });
});

// Mostly new rows, some late ones, as sensors do. Returns how many.
async function write(url: string, device: string, signal: AbortSignal): Promise<number> {
  return withConnection(url, async (db) => {
    let rows = 0;
    while (!signal.aborted) {
      const late = rows % 5 === 0 ? '30 hours' : '0 hours';
      await db.query('INSERT INTO works.reading VALUES (now() - $1::interval, $2, NULL, $3)', [
        late,
        device,
        rows,
      ]);
      rows += 1;
      await sleep(4);
    }
    return rows;
  });
}

async function poll(url: string, view: string, signal: AbortSignal): Promise<Seen> {
  const seen: Seen = { polls: 0, errors: [], least: Number.MAX_SAFE_INTEGER };
  await withConnection(url, async (db) => {
    while (!signal.aborted) {
      try {
        const { rows } = await db.query<{ readings: number | null }>(
          `SELECT sum(readings)::int AS readings FROM ${view}`,
        );
        seen.least = Math.min(seen.least, rows[0]?.readings ?? 0);
      } catch (error) {
        seen.errors.push((error as Error).message);
      }
      seen.polls += 1;
      await sleep(3);
    }
  });
  return seen;
}
