// A job that fails because of stored numbers says in which bucket, and which rows hold them.
import { desiredFrom } from '../language/desired';
import { createTestDatabase, type TestDatabase, testServers, withJobs } from '../local/test-servers';
import { waitFor } from '../local/testing/wait';
import { iot } from '../schema/iot';
import { withConnection } from '../server/connection';
import { applySets, execute } from '../testing/apply';
import { runDueJobs } from './jobs';
import { readStatus } from './status';

const HOUR = 3_600_000;
const bucket = `${new Date(Math.floor(Date.now() / HOUR) * HOUR - 5 * HOUR).toISOString().slice(0, 19)}Z`;

describe.each(testServers())('a refresh that overflows on $describe', (server) => {
  let database: TestDatabase;
  beforeAll(async () => {
    // Not cloned: where jobs run, the template of a clone may hold one that was ended in the middle.
    database = await createTestDatabase(withJobs(server));
    await applySets(database.url, [iot]);
  });
  afterAll(() => database.drop());

  it('names the bucket and the rows in the state of its job', async () => {
    await execute(
      database.url,
      `INSERT INTO public.sensor_data (time, sensor_id, temperature)
       SELECT '${bucket}'::timestamptz + n * interval '1 minute', 'bad', 1.7e308 FROM generate_series(1, 2) n`,
      server.engine !== 'timescaledb'
        ? 'UPDATE tsdb.job SET next_start = now()'
        : `SELECT public.alter_job(job_id, next_start => now()) FROM timescaledb_information.jobs WHERE hypertable_name = 'sensor_data_hourly'`,
    );
    if (server.engine !== 'timescaledb') await withConnection(database.url, runDueJobs);
    const error = await waitFor('the failed refresh', () =>
      withConnection(database.url, async (db) => {
        const { jobs } = await readStatus(db, desiredFrom([iot]));
        return jobs.find(({ job }) => job === 'refresh of public.sensor_data_hourly')?.error ?? undefined;
      }),
    );
    expect(error).toBe(
      `public.sensor_data_hourly cannot be refreshed: value out of range: overflow, in the bucket of ${bucket}. ` +
        `public.sensor_data holds 2 rows with numbers that sums and averages cannot carry, the first one at ${bucket.replace('00:00Z', '01:00.000000Z')} sensor_id="bad": temperature is 1.7e+308. ` +
        `Correct or delete the rows, which this finds: ${error.slice(error.indexOf('SELECT'))}`,
    );
  });
});
