// An aggregate that changes while rows arrive and people look at it.
import { setTimeout as sleep } from 'node:timers/promises';
import { createTestDatabase, testServers } from '../local/test-servers';
import { waitFor } from '../local/testing/wait';
import { withConnection } from '../server/connection';
import { applySets, planSets } from '../testing/apply';
import { filledWorks, leftovers, one, refresh } from '../testing/evolution-data';
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

/** What the writers have inserted and the readers have seen so far. */
interface Traffic {
  rows: number;
  readonly views: readonly Seen[];
}

interface Seen {
  readonly view: string;
  polls: number;
  readonly errors: string[];
  /** Smallest number of readings that any poll saw. */
  least: number;
}

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  it.each(CHANGES)('gains %s under two writers and readers', async (_name, to) => {
    const database = await createTestDatabase(server, filledWorks(engine, BEFORE, DAYS, true));
    const { url } = database;
    const stored = await one<{ readings: number }>(
      url,
      `SELECT count(*)::int AS readings FROM works.reading WHERE at < now() - interval '2 days'`,
    );

    const stop = new AbortController();
    const traffic: Traffic = { rows: 0, views: ['works.hourly', 'works.daily'].map(unseen) };
    const sessions = Promise.all([
      write(url, 'writer 1', traffic, stop.signal),
      write(url, 'writer 2', traffic, stop.signal),
      ...traffic.views.map((seen) => poll(url, seen, stop.signal)),
    ]);
    // Looked at below; until then a failure must not end the process as unhandled.
    sessions.catch(() => undefined);
    try {
      await goesOn(traffic, sessions);
      await applySets(url, [works(to)]);
      await goesOn(traffic, sessions);
    } finally {
      stop.abort();
    }
    await sessions;
    for (const { polls, errors, least } of traffic.views) {
      expect(errors).toEqual([]);
      expect(polls).toBeGreaterThan(20);
      // Never empty, never less than what was stored before.
      expect(least).toBeGreaterThanOrEqual(stored.readings);
    }

    expect(traffic.rows).toBeGreaterThan(50);
    await refresh(url, 'works.hourly', 'works.daily');
    const all = DAYS * 72 + traffic.rows;
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

const unseen = (view: string): Seen => ({ view, polls: 0, errors: [], least: Number.MAX_SAFE_INTEGER });

/** Waits for some more rows, and some more looks at each view; fails when a session does. */
async function goesOn(traffic: Traffic, sessions: Promise<unknown>): Promise<void> {
  const rows = traffic.rows + 30;
  const polls = traffic.views.map((seen) => seen.polls + 15);
  const more = waitFor(
    'traffic',
    () => traffic.rows >= rows && traffic.views.every((seen, at) => seen.polls >= (polls[at] ?? 0)),
  );
  await Promise.race([more, sessions.then(() => more)]);
}

// Mostly new rows, some late ones, as sensors do.
async function write(url: string, device: string, traffic: Traffic, signal: AbortSignal): Promise<void> {
  await withConnection(url, async (db) => {
    for (let turn = 0; !signal.aborted; turn += 1) {
      const late = turn % 5 === 0 ? '30 hours' : '0 hours';
      await db.query('INSERT INTO works.reading VALUES (now() - $1::interval, $2, NULL, $3)', [
        late,
        device,
        turn,
      ]);
      traffic.rows += 1;
      await sleep(4);
    }
  });
}

async function poll(url: string, seen: Seen, signal: AbortSignal): Promise<void> {
  await withConnection(url, async (db) => {
    while (!signal.aborted) {
      try {
        const { rows } = await db.query<{ readings: number | null }>(
          `SELECT sum(readings)::int AS readings FROM ${seen.view}`,
        );
        seen.least = Math.min(seen.least, rows[0]?.readings ?? 0);
      } catch (error) {
        seen.errors.push((error as Error).message);
      }
      seen.polls += 1;
      await sleep(3);
    }
  });
}
