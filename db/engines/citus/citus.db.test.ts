// What only Citus can do to a declaration: connections, nodes and commits of which there are several.
import { role } from '../../language/access';
import { float8, text, timestamptz } from '../../language/columns';
import { hypertable } from '../../language/hypertable';
import { schemaSet } from '../../language/schema-set';
import { createTestDatabase, describeOn, type TestDatabase } from '../../local/test-servers';
import { waitFor } from '../../local/testing/wait';
import { iot } from '../../schema/iot';
import { applied, applySets, execute, planSets, select } from '../../testing/apply';

describeOn('citus', 'a cluster', (server) => {
  let database: TestDatabase | undefined;
  afterEach(() => database?.drop());

  /** The same database on the first worker. */
  const onWorker = (url: string): string => {
    const worker = new URL(server.workers?.[0] as string);
    worker.pathname = new URL(url).pathname;
    return worker.href;
  };

  it('creates hypertables although each shard gets a connection of its own', async () => {
    database = await createTestDatabase(server);
    const name = new URL(database.url).pathname.slice(1);
    await execute(database.url, `ALTER DATABASE "${name}" SET citus.force_max_query_parallelization TO on`);
    await applySets(database.url, [iot]);
    expect((await planSets(database.url, [iot])).steps).toEqual([]);
  });

  it('refuses the address of a worker', async () => {
    database = await createTestDatabase(server, applied([iot]));
    await expect(planSets(onWorker(database.url), [iot])).rejects.toThrow(
      /is a worker of Citus.*give the address of the coordinator/,
    );
  });

  it('stores no bucket twice while a worker has not yet committed the refresh before', async () => {
    database = await createTestDatabase(server, applied([iot]));
    const { url } = database;
    await execute(
      url,
      `INSERT INTO public.sensor_data (time, sensor_id, temperature)
       SELECT timestamptz '2026-01-05 00:00:00+00' + n * interval '1 minute', 's' || n % 40, n FROM generate_series(0, 599) n`,
    );
    const refresh = `CALL public.refresh_continuous_aggregate('public.sensor_data_hourly', NULL, '2026-01-05 10:00:00+00')`;
    const total = 'SELECT sum(reading_count)::int AS rows FROM public.sensor_data_hourly';
    await execute(url, refresh);
    // A shard of a worker, as the refresh leaves it when the coordinator dies before it tells the worker to commit.
    const worker = onWorker(url);
    const [shard] = await select<{ name: string }>(
      worker,
      `SELECT shard_name(s.logicalrelid, s.shardid) AS name FROM pg_dist_shard s JOIN pg_dist_placement USING (shardid) JOIN pg_dist_local_group USING (groupid)
        WHERE s.logicalrelid = 'tsdb.public_sensor_data_hourly'::regclass ORDER BY s.shardid LIMIT 1`,
    );
    await execute(
      worker,
      'SET citus.enable_manual_changes_to_shards TO on',
      'BEGIN',
      `WITH old AS (DELETE FROM ${shard?.name} RETURNING *) INSERT INTO ${shard?.name} SELECT * FROM old`,
      `PREPARE TRANSACTION 'in_doubt'`,
    );
    const next = execute(url, refresh).then(
      () => 'stored',
      (error: { code?: string }) => error.code,
    );
    await waitFor('the refresh at the row of the one before', async () => {
      const waits = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
      return (await select(worker, waits)).length > 0;
    });
    await execute(worker, `COMMIT PREPARED 'in_doubt'`);
    expect(await next).toBe('23505');
    expect(await select(url, total)).toEqual([{ rows: 600 }]);
    await execute(url, refresh);
    expect(await select(url, total)).toEqual([{ rows: 600 }]);
  });

  it('refuses a row policy on a setting that the workers do not get', async () => {
    database = await createTestDatabase(server);
    const usage = (condition: string) =>
      schemaSet('office', [
        role('tsdb_test_tenant', 'read'),
        hypertable('office.usage', {
          columns: { time: timestamptz().notNull(), tenant: text().notNull(), amount: float8() },
          time: 'time',
          chunkInterval: '1 day',
          distributeBy: 'tenant',
          rowSecurity: [{ name: 'own', command: 'select', to: 'tsdb_test_tenant', using: condition }],
        }),
      ]);
    const plan = await planSets(database.url, [usage(`tenant = current_setting('app.tenant', true)`)]);
    expect(plan.refusals.map(({ object, what }) => `${object} ${what}`)).toEqual([
      'office.usage is distributed by tenant, and its row policy own reads a setting of the session',
    ]);
    expect((await planSets(database.url, [usage('tenant = current_user')])).refusals).toEqual([]);
  });
});
