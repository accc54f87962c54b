// The jobs of the engines without TimescaleDB: each one succeeds, also the refresh of an aggregate of an aggregate that has buckets.
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type TestDatabase, testServers } from '../local/test-servers';
import { iot } from '../schema/iot';
import { withConnection } from '../server/connection';
import { applied, execute, select } from '../testing/apply';
import { runDueJobs } from './jobs';
import { refreshAggregates } from './refresh';

const { aggregates } = desiredFrom([iot]);
const emulating = testServers().filter(({ engine }) => engine !== 'timescaledb');

describe.each(emulating.map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;

  beforeEach(async () => {
    database = await createTestDatabase(server, applied([iot]));
  });
  afterEach(() => database.drop());

  it('run without a failure over buckets that are stored', async () => {
    const { url } = database;
    const today = `date_trunc('day', now(), 'UTC')`;
    await execute(
      url,
      `SELECT tsdb.ensure_chunks('public', 'sensor_data', ${today} - interval '5 days', ${today})`,
      `INSERT INTO public.sensor_data (time, sensor_id, temperature)
         SELECT ${today} - n * interval '1 hour', 's' || s, n FROM generate_series(1, 96) n, generate_series(1, 3) s`,
    );
    await withConnection(url, (db) => refreshAggregates(db, engine, aggregates, {}));
    await execute(url, `UPDATE tsdb.job SET next_start = now() - interval '1 minute' WHERE true`);

    const runs = await withConnection(url, runDueJobs);

    expect(runs.map(({ job }) => job)).toEqual(
      expect.arrayContaining(aggregates.map(({ name }) => `refresh of public.${name}`)),
    );
    expect(runs.filter(({ error }) => error !== undefined)).toEqual([]);
    const [days] = await select(
      url,
      'SELECT count(*)::int AS buckets, sum(reading_count)::int AS rows FROM public.sensor_data_daily',
    );
    expect(days).toEqual({ buckets: 12, rows: 288 });
  });
});
