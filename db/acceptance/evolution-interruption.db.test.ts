// Changes of aggregates that are killed at any statement: the next apply goes on, and nothing is left behind or lost.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createTestDatabase, testServers } from '../local/test-servers';
import { applySets, execute, planSets } from '../testing/apply';
import { readCatalog } from '../testing/catalog';
import { fill, leftovers, one, refresh } from '../testing/evolution-data';
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
      const fresh = await createTestDatabase(server);
      await applySets(fresh.url, [works(to)]);
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
      expect(killed).toBeGreaterThan(10);

      async function killAndGoOn(at: number): Promise<NodeJS.Signals | null> {
        const database = await createTestDatabase(server);
        await applySets(database.url, [works(BEFORE)]);
        await execute(database.url, ...fill(engine, 3));
        await refresh(database.url, 'works.hourly', 'works.daily');
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

function applyAndDie(url: string, deadly: number, to: Works): Promise<NodeJS.Signals | null> {
  return new Promise((done, fail) => {
    const script = join(__dirname, '..', 'testing', 'evolution-die.ts');
    const child = spawn(
      process.execPath,
      ['--import', 'tsx', script, url, String(deadly), JSON.stringify(to)],
      {
        stdio: ['ignore', 'ignore', 'pipe'],
      },
    );
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
