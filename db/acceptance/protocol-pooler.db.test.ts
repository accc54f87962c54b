// Behind a connection pooler: refused where it shares sessions, at work where it keeps one. With the real PgBouncer.
import { schemaSet } from '../language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { describeUnless } from '../local/testing/needs';
import { applySets, planSets } from '../testing/apply';
import { findPgBouncer, startPgBouncer } from '../testing/load-pgbouncer';
import { metricTable } from '../testing/sets';

const program = findPgBouncer();
const set = schemaSet('plant', [metricTable()]);
const IGNORE = { ignore_startup_parameters: 'options' };

describeUnless(program === undefined ? 'pgbouncer is not installed' : undefined, 'through PgBouncer', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(testServers('postgres')[0] as { url: string });
  });
  afterAll(() => database.drop());

  async function through<T>(
    settings: Record<string, string | number>,
    work: (url: string) => Promise<T>,
  ): Promise<T> {
    const pooler = await startPgBouncer(program as string, database.url, settings);
    try {
      return await work(pooler.url);
    } finally {
      await pooler.stop();
    }
  }

  it.each([
    ['transaction pooling', { pool_mode: 'transaction', ...IGNORE }],
    [
      'transaction pooling with one server session',
      { pool_mode: 'transaction', default_pool_size: 1, ...IGNORE },
    ],
    ['transaction pooling that takes turns', { pool_mode: 'transaction', server_round_robin: 1, ...IGNORE }],
    ['statement pooling', { pool_mode: 'statement', ...IGNORE }],
  ])('refuses %s, with the way out', async (_name, settings) => {
    await through(settings, async (url) => {
      for (const work of [applySets, planSets]) {
        await expect(work(url, [set])).rejects.toMatchObject({
          exitCode: 3,
          message: expect.stringMatching(
            /pooler that shares server sessions.*its own port.*pool_mode = session/s,
          ),
        });
      }
    });
    expect((await planSets(database.url, [set])).steps[0]?.id).toBe('internals:tsdb');
  });

  it('explains the refusal of startup parameters', async () => {
    await through({ pool_mode: 'session' }, async (url) => {
      await expect(planSets(url, [set])).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(/refuses session settings.*ignore_startup_parameters = options/s),
      });
    });
  });

  it.each([
    ['', {}],
    [' of one session', { default_pool_size: 1 }],
  ])('plans and applies through session pooling%s, with its settings pinned', async (_name, pool) => {
    await through({ pool_mode: 'session', ...IGNORE, ...pool }, async (url) => {
      await applySets(url, [set]);
      expect((await planSets(url, [set])).steps).toEqual([]);
    });
  });
});
