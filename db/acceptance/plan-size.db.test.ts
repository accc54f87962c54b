// Planning asks the same questions of a small and of a big database.
import type { Desired } from '../language/desired';
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { applySchema } from '../reconcile/apply';
import { makePlan } from '../reconcile/plan';
import { withConnection } from '../server/connection';
import { bigSet } from '../testing/load-big-set';

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
    // The budget is 1.5 s; this one is against growth with the square of the tables, on a machine that is busy as well.
    expect(big.milliseconds).toBeLessThan(30_000);
  }, 300_000);
});

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
