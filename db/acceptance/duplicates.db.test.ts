// Two policies of one kind: TimescaleDB lets two sessions add one each at the same time, with different ages.
import { createTestDatabase, describeOn } from '../local/test-servers';
import { withConnection } from '../server/connection';
import { applied, applySets, planSets, select } from '../testing/apply';
import { plant } from '../testing/sets';

describeOn('timescaledb', 'duplicate policies', (server) => {
  it('are found and removed, the declared one stays', async () => {
    const { url, drop } = await createTestDatabase(server, applied([plant({ withoutRetention: true })]));
    await withConnection(url, (one) =>
      withConnection(url, async (other) => {
        await one.query('BEGIN');
        await other.query('BEGIN');
        await one.query(
          `SELECT public.add_retention_policy('plant.metric', INTERVAL '30 days', if_not_exists => true)`,
        );
        await other.query(
          `SELECT public.add_retention_policy('plant.metric', INTERVAL '3 days', if_not_exists => true)`,
        );
        await one.query('COMMIT');
        await other.query('COMMIT');
      }),
    );
    const retention = `SELECT config ->> 'drop_after' AS age FROM timescaledb_information.jobs WHERE proc_name = 'policy_retention' AND hypertable_name = 'metric'`;
    expect(await select(url, retention)).toHaveLength(2);

    const plan = await planSets(url, [plant()]);
    expect(plan.steps.map(({ id }) => id)).toEqual([
      expect.stringMatching(/^remove-policy:plant\.metric:retention:\d+$/),
    ]);
    await applySets(url, [plant()]);
    expect(await select(url, retention)).toEqual([{ age: 'P30D' }]);
    expect((await planSets(url, [plant()])).steps).toEqual([]);
    await drop();
  });
});
