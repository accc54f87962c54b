// Changes of aggregates that are killed at any statement: the next apply goes on, and nothing is left behind or lost.
import { spawn } from 'node:child_process';
import { desiredFrom } from '../language/desired';
import { createTestDatabase, testServers } from '../local/test-servers';
import { applySchema } from '../reconcile/apply';
import { applied, applySets, planSets } from '../testing/apply';
import { readCatalog } from '../testing/catalog';
import { childArguments } from '../testing/child';
import { filledWorks, leftovers, one } from '../testing/evolution-data';
import { type Works, works } from '../testing/evolution-sets';

const BEFORE: Works = { daily: 'over hourly' };
const AT_ONCE = 3;
const COUNTED = `SELECT (SELECT sum(readings)::int FROM works.hourly) AS hourly, (SELECT sum(readings)::int FROM works.daily) AS daily,
                        (SELECT count(*)::int FROM works.reading) AS raw`;

const CHANGES: readonly (readonly [string, Works, string])[] = [
  [
    'a column in place',
    { ...BEFORE, hourly: ['readings', 'total_value', 'peak'] },
    'count(*) FILTER (WHERE peak IS NULL) = 0',
  ],
  [
    'another bucket, with what is built on it',
    { ...BEFORE, bucket: '2 hours' },
    `bool_and(extract(hour FROM bucket AT TIME ZONE 'UTC')::int % 2 = 0)`,
  ],
];

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  it.each(CHANGES)(
    'ends in sync after SIGKILL at any statement of %s',
    async (_name, to, proof) => {
      const fresh = await createTestDatabase(server, applied([works(to)]));
      const catalog = await readCatalog(fresh.url, engine);
      await fresh.drop();

      let deadly = 0;
      let killed = 0;
      let done = false;
      // Several at once: each has a database of its own.
      const worker = async (): Promise<void> => {
        while (!done) {
          deadly += 1;
          const ended = await killAndGoOn(deadly).catch((error: unknown) => {
            done = true;
            throw error;
          });
          if (ended === 'SIGKILL') killed += 1;
          else done = true;
        }
      };
      await Promise.all(Array.from({ length: AT_ONCE }, worker));
      expect(killed).toBeGreaterThan(4);

      async function killAndGoOn(at: number): Promise<NodeJS.Signals | null> {
        const database = await createTestDatabase(server, filledWorks(engine, BEFORE, 3, true));
        const signal = await applyAndDie(database.url, at, to);
        await applySets(database.url, [works(to)]);
        expect((await planSets(database.url, [works(to)])).steps).toEqual([]);
        expect(await readCatalog(database.url, engine)).toEqual(catalog);
        expect(await leftovers(database.url, engine)).toEqual([]);
        expect(await one(database.url, COUNTED)).toEqual({ hourly: 216, daily: 216, raw: 216 });
        expect(await one(database.url, `SELECT ${proof} AS proven FROM works.hourly`)).toEqual({
          proven: true,
        });
        await database.drop();
        return signal;
      }
    },
    600_000,
  );
});

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'after a rebuild that was stopped before its swap, on %s',
  (engine, server) => {
    it.each([
      ['goes on when the declaration is the same', '2 hours', false],
      ['starts again when it is another one', '3 hours', true],
      ['only cleans up when it is the old one', '1 hour', true],
    ] as const)('%s', async (_name, bucket, cleans) => {
      const database = await createTestDatabase(server, filledWorks(engine, BEFORE, 3, false));
      const { url } = database;
      await applyUntilSwap(url, { ...BEFORE, bucket: '2 hours' });
      expect(await leftovers(url, engine)).toContain('hourly__next');

      const to = [works({ ...BEFORE, bucket })];
      const steps = (await planSets(url, to)).steps.map(({ id }) => id);
      const drops = ['drop-aggregate:works.daily__next', 'drop-aggregate:works.hourly__next'];
      expect(steps.slice(0, 2)).toEqual(
        cleans ? drops : ['backfill-aggregate:works.hourly__next', 'backfill-aggregate:works.daily__next'],
      );
      await applySets(url, to);
      expect((await planSets(url, to)).steps).toEqual([]);
      expect(await leftovers(url, engine)).toEqual([]);
      expect(await one(url, COUNTED)).toEqual({ hourly: 216, daily: 216, raw: 216 });
      await database.drop();
    });
  },
);

async function applyUntilSwap(url: string, to: Works): Promise<void> {
  const stop = new AbortController();
  const applying = applySchema(url, desiredFrom([works(to)]), {
    allow: [],
    lockWaitMs: 10_000,
    signal: stop.signal,
    onStep: ({ id }) => {
      if (id.startsWith('catch-up')) stop.abort();
    },
  });
  await expect(applying).rejects.toMatchObject({ exitCode: 3 });
}

function applyAndDie(url: string, deadly: number, to: Works): Promise<NodeJS.Signals | null> {
  return new Promise((done, fail) => {
    const script = childArguments('db/testing/evolution-die.ts');
    const child = spawn(process.execPath, [...script, url, String(deadly), JSON.stringify(to)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let complaint = '';
    child.stderr.on('data', (text: Buffer) => {
      complaint += text.toString();
    });
    child.on('error', fail);
    child.on('exit', (code, signal) =>
      code === 0 || signal === 'SIGKILL'
        ? done(signal)
        : fail(new Error(`child ended with ${code}: ${complaint}`)),
    );
  });
}
