// Planning asks the same questions of a small and of a big database. How long it takes: npm run bench:plan-size.

import { bigSet } from '../../scripts/bench/plan-size/big-set';
import type { Desired } from '../language/desired';
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { type Dialect, dialectOf } from '../model';
import { applySchema } from '../reconcile/apply';
import { makePlan } from '../reconcile/plan';
import { schemaSets } from '../schema/sets';
import { withConnection } from '../server/connection';
import { execute } from '../testing/apply';

interface Measured {
  readonly queries: number;
  readonly milliseconds: number;
}

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  it('sends as many queries for 50 hypertables and 100 aggregates as for one and two', async () => {
    const measured: Measured[] = [];
    for (const tables of [1, 50]) {
      const database = await createTestDatabase(server);
      const desired = desiredFrom([bigSet(tables)]);
      await applySchema(database.url, desired, { allow: [], lockWaitMs: 0 });
      measured.push(await planInSync(database, desired));
      await database.drop();
    }
    const [small, big] = measured as [Measured, Measured];
    process.stderr.write(
      `no-change plan on ${engine}: ${small.milliseconds} ms small, ${big.milliseconds} ms big, ${big.queries} queries\n`,
    );
    expect(big.queries).toBe(small.queries);
    expect(big.queries).toBeLessThanOrEqual(45);
    // The budget is 1.5 s; this one is against growth with the square of the tables, on a machine that is busy as well.
    expect(big.milliseconds).toBeLessThan(30_000);
  }, 300_000);

  it('sends as many queries for hundreds of chunks as for none', async () => {
    const database = await createTestDatabase(server);
    const desired = desiredFrom([bigSet(1)]);
    await applySchema(database.url, desired, { allow: [], lockWaitMs: 0 });
    const before = await planInSync(database, desired);
    await execute(database.url, CHUNKS[dialectOf(engine)]);
    expect((await planInSync(database, desired)).queries).toBe(before.queries);
    await database.drop();
  });

  it('sends at most 45 queries when every kind of object is declared', async () => {
    const database = await createTestDatabase(server);
    const desired = desiredFrom(Object.values(schemaSets));
    await applySchema(database.url, desired, { allow: [], lockWaitMs: 30_000 });
    expect((await planInSync(database, desired)).queries).toBeLessThanOrEqual(45);
    await database.drop();
  });
});

const CHUNKS: Readonly<Record<Dialect, string>> = {
  timescaledb: `INSERT INTO big.metric_1 SELECT now() - d * interval '1 day', 'd', 1, 2 FROM generate_series(1, 300) d;
                SELECT public.compress_chunk(c) FROM public.show_chunks('big.metric_1') c`,
  postgres: `SELECT tsdb.ensure_chunks('big', 'metric_1', now() - interval '300 days', now())`,
};

const planInSync = ({ url }: TestDatabase, desired: Desired): Promise<Measured> =>
  withConnection(url, async (client) => {
    let queries = 0;
    const query = ((...args: Parameters<typeof client.query>) => {
      queries += 1;
      return client.query(...args);
    }) as typeof client.query;
    const started = Date.now();
    const plan = await makePlan({ query }, desired);
    const milliseconds = Date.now() - started;
    expect({ steps: plan.steps, refusals: plan.refusals }).toEqual({ steps: [], refusals: [] });
    return { queries, milliseconds };
  });
