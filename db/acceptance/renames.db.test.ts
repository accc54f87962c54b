// Renames: rows, buckets, policies and settings stay, on tables with converted chunks and through levels of aggregates.
import { spawn } from 'node:child_process';
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type Template, type TestDatabase, testServers } from '../local/test-servers';
import { applySchema } from '../reconcile/apply';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { readCatalog } from '../testing/catalog';
import { childArguments } from '../testing/child';
import { one } from '../testing/evolution-data';
import { figuresSql, fleet, readings } from '../testing/renames-sets';

const HINTED = [fleet('hinted')];
const STEPS = [
  'rename-table:fleet.unit',
  'rename-column:fleet.unit.code',
  'rename-table:fleet.reading',
  'rename-column:fleet.reading.ts',
  'rename-column:fleet.reading.device',
  'rename-column:fleet.reading.place',
  'rename-column:fleet.reading.value',
  'rename-aggregate:fleet.by_hour',
  'rename-column:fleet.by_hour.device',
  'rename-column:fleet.by_hour.total_value',
  'rename-aggregate:fleet.by_day',
  'rename-column:fleet.by_day.device',
  'rename-column:fleet.by_day.total_value',
];
// The tests pause the jobs, which a plan tells.
const IN_SYNC = {
  steps: [],
  refusals: [],
  undeclared: [],
  warnings: expect.not.arrayContaining([expect.not.stringMatching(/was paused by hand/)]),
};

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let url: string;
  const today = Math.floor(Date.now() / 86_400_000);
  const filled: Template = {
    key: ['fleet', today],
    base: applied([fleet('old')], 'all jobs'),
    build: (address) => execute(address, ...readings(engine)),
  };
  const figures = (names: 'old' | 'new'): Promise<Record<string, unknown>> =>
    one(url, figuresSql(names, engine));

  beforeEach(async () => {
    database = await createTestDatabase(server, filled);
    url = database.url;
  });
  afterEach(() => database.drop());

  it('keeps rows, buckets, chunks, policies, grants and comments, and needs no consent', async () => {
    await execute(
      url,
      'GRANT SELECT ON fleet.hourly TO PUBLIC',
      `COMMENT ON VIEW fleet.hourly IS 'for the wall'`,
      'CREATE VIEW fleet.wall AS SELECT dev, v FROM fleet.metric WHERE v >= 1400',
    );
    const before = await figures('old');
    expect(before).toMatchObject({
      rows: [1440, 1036080, 3, 2880, expect.any(String), expect.any(String)],
      hourly: [721, 241, 1036080, 1440, 739, expect.any(Number), 3],
      units: [3, 'd0,d1,d2'],
      attached: ['for the wall', expect.stringContaining('=r/')],
    });
    const catalog = await readCatalog(url, engine);
    const plan = await planSets(url, HINTED);
    expect(plan.steps.map(({ id }) => id)).toEqual(STEPS);
    expect({ ...plan, steps: [] }).toMatchObject({ ...IN_SYNC, undeclared: ['view fleet.wall'] });
    expect(plan.steps.flatMap(({ hazards }) => hazards)).toEqual([]);
    // Planning has renamed for a moment, and nothing is left of that.
    expect(await readCatalog(url, engine)).toEqual(catalog);
    expect(await figures('old')).toEqual(before);

    const report = await applySets(url, HINTED);
    expect(report.applied).toEqual(STEPS);
    expect(await figures('new')).toEqual(before);
    expect(await select(url, 'SELECT count(*)::int AS n, sum(v)::int AS v FROM fleet.wall')).toEqual([
      { n: 40, v: 56780 },
    ]);
    await execute(url, 'DROP VIEW fleet.wall');
    expect(await planSets(url, HINTED)).toMatchObject(IN_SYNC);
    expect(await planSets(url, [fleet('new')])).toMatchObject(IN_SYNC);
    const fresh = await createTestDatabase(server, applied([fleet('new')]));
    expect(unnamed(await readCatalog(url, engine))).toEqual(unnamed(await readCatalog(fresh.url, engine)));
    await fresh.drop();
  });

  it('goes on after the renames: late rows, refreshes, conversions and expired chunks', async () => {
    await applySets(url, HINTED);
    const before = await one<{ rows: number[]; hourly: number[]; daily: number[] }>(
      url,
      figuresSql('new', engine),
    );
    await execute(
      url,
      `INSERT INTO fleet.reading (ts, device, place, value) SELECT date_trunc('hour', now()) - interval '5 days' + interval '1 second', 'd1', 7, 5000`,
      ...['by_hour', 'by_day', 'peaks'].map(
        (name) => `CALL public.refresh_continuous_aggregate('fleet.${name}'::regclass, NULL, NULL)`,
      ),
      ...(engine === 'timescaledb'
        ? [
            `SELECT count(public.decompress_chunk(c, true)) FROM public.show_chunks('fleet.reading') c`,
            `SELECT count(public.compress_chunk(c)) FROM public.show_chunks('fleet.reading') c`,
            `SELECT count(public.decompress_chunk(c, true)) FROM public.show_chunks('fleet.by_hour') c`,
          ]
        : [
            `SELECT tsdb.ensure_chunks('fleet', 'reading', now() - interval '12 days', now() + interval '3 days')`,
          ]),
    );
    const after = await one<typeof before>(url, figuresSql('new', engine));
    expect(after.rows.slice(0, 2)).toEqual([1441, 1041080]);
    expect(after.hourly.slice(0, 4)).toEqual([721, 241, 1041080, 1441]);
    expect(after.daily.slice(2, 4)).toEqual([1041080, 1441]);
    expect(await planSets(url, HINTED)).toMatchObject(IN_SYNC);

    // The same seven days are dropped under the new name as would have been under the old one.
    await execute(
      url,
      engine !== 'timescaledb'
        ? `SELECT tsdb.drop_expired('fleet', 'reading', now() - interval '3 days')`
        : `SELECT public.drop_chunks('fleet.reading', older_than => now() - interval '3 days')`,
    );
    const [left] = await select<{ rows: number }>(url, 'SELECT count(*)::int AS rows FROM fleet.reading');
    expect(left?.rows).toBeLessThan(1441 - 6 * 144);
    expect((await one<typeof before>(url, figuresSql('new', engine))).hourly).toEqual(after.hourly);
  });

  it('keeps buckets whose rows are gone', async () => {
    await execute(
      url,
      engine !== 'timescaledb'
        ? `SELECT tsdb.drop_expired('fleet', 'metric', now() - interval '3 days')`
        : `SELECT public.drop_chunks('fleet.metric', older_than => now() - interval '3 days')`,
    );
    const before = await figures('old');
    expect(before).toMatchObject({ hourly: [721, 241, 1036080, 1440, 739, expect.any(Number), 3] });
    await applySets(url, HINTED);
    expect(await figures('new')).toEqual(before);
  });

  it('can be stopped after every step', async () => {
    const before = await figures('old');
    for (const [at, id] of STEPS.entries()) {
      const stop = new AbortController();
      const run = applySchema(url, desiredFrom(HINTED), {
        allow: [],
        lockWaitMs: 10_000,
        signal: stop.signal,
        onStep: (_step, position) => {
          if (position === 1) stop.abort();
        },
      });
      if (at === STEPS.length - 1) await run;
      else await expect(run).rejects.toMatchObject({ exitCode: 3 });
      const { steps } = await planSets(url, HINTED);
      expect([id, steps.map((step) => step.id)]).toEqual([id, STEPS.slice(at + 1)]);
      // Citus writes queries anew by names, and mixes them up in a view on columns of which only some are renamed.
      if (engine === 'citus') continue;
      // Every aggregate can be read and refreshed at any moment, by whatever names.
      const views = await select<{ view: string }>(
        url,
        `SELECT format('%I.%I', n.nspname, c.relname) AS view FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'fleet' AND c.relkind = 'v' ORDER BY 1`,
      );
      for (const { view } of views)
        await execute(url, `CALL public.refresh_continuous_aggregate('${view}'::regclass, NULL, NULL)`);
    }
    expect(await figures('new')).toEqual(before);
    expect(await planSets(url, HINTED)).toMatchObject(IN_SYNC);
  });

  it('goes on after SIGKILL in the middle of a step', async () => {
    const before = await figures('old');
    for (const step of [1, 2, 3]) {
      const signal = await die(url, step);
      expect(signal).toBe('SIGKILL');
    }
    await applySets(url, HINTED);
    expect(await figures('new')).toEqual(before);
    expect(await planSets(url, HINTED)).toMatchObject(IN_SYNC);
  });
});

/** The catalog without the names of indexes: they are chosen by the server, and nothing depends on them. */
const unnamed = (catalog: readonly string[]): readonly string[] =>
  catalog.map((line) => line.replace(/INDEX \S+ ON/, 'INDEX ON').replace(/"index_name": "[^"]*"/, '')).sort();

function die(url: string, step: number): Promise<NodeJS.Signals | null> {
  return new Promise((done, fail) => {
    const child = spawn(process.execPath, childArguments('db/testing/die-while-applying.ts'), {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    child.on('error', fail);
    child.on('exit', (_code, signal) => done(signal));
    child.stdin.end(`${JSON.stringify({ url, fleet: 'hinted', step, point: 'statement' })}\n`);
  });
}
