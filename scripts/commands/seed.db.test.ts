// `tsdb seed` of every set: rows and buckets in each, the same rows after SIGKILL as without, and continued without a gap.
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { apm } from '../../db/schema/apm';
import { business } from '../../db/schema/business';
import { iot } from '../../db/schema/iot';
import { market } from '../../db/schema/market';
import { metrics } from '../../db/schema/metrics';
import { monitoring } from '../../db/schema/monitoring';
import { applied, select } from '../../db/testing/apply';
import { type CommandHost, startHost } from '../testing/command-host';
import { type Finished, startTsdb } from '../testing/command-line';

const SETS = [iot, monitoring, market, apm, business, metrics];
const NAMES = SETS.map(({ name }) => name).join(',');
const relationsOf = SETS.flatMap(({ objects }) => objects)
  .filter(({ kind }) => kind === 'hypertable' || kind === 'aggregate' || kind === 'table')
  .map(({ schema, name }) => `${schema}.${name}`);
const HOUR = 3_600_000;
// Read once: the suite may run across the full hour.
const LAST_HOUR = Math.floor(Date.now() / HOUR);
const end = (hours: number): string => new Date((LAST_HOUR - hours) * HOUR).toISOString();

describe.each(testServers().map((server) => [server.engine, server] as const))('seed on %s', (_, server) => {
  const databases: TestDatabase[] = [];
  let host: CommandHost;
  const create = async (sets: readonly (typeof SETS)[number][]): Promise<TestDatabase> => {
    const database = await createTestDatabase(server, applied(sets, 'retention'));
    databases.push(database);
    return database;
  };
  const run = ({ url }: TestDatabase, ...flags: readonly string[]): Promise<Finished> =>
    host.run(['seed', ...flags], { DATABASE_URL: url, TSDB_SCHEMAS: NAMES });
  const countOf = async ({ url }: TestDatabase, table: string): Promise<number> =>
    (await select<{ n: number }>(url, `SELECT count(*)::int AS n FROM ${table}`))[0]?.n ?? 0;
  /** A number for the contents of the readings and alerts. */
  const sumOf = ({ url }: TestDatabase): Promise<object[]> =>
    select(
      url,
      `SELECT count(*), md5(string_agg(r::text, ',' ORDER BY r::text COLLATE "C")) FROM
         (SELECT s::text FROM public.sensor_data s UNION ALL SELECT a::text FROM public.sensor_alerts a) r`,
    );
  beforeAll(() => {
    host = startHost();
  });
  afterAll(async () => {
    await host.stop();
    for (const database of databases) await database.drop();
  });

  it('fills every table and aggregate of every set, with data that belongs together', async () => {
    const database = await create(SETS);
    const result = await run(
      database,
      '--set',
      NAMES,
      '--days',
      '5',
      '--interval',
      '600',
      '--outliers',
      '1',
      '--json',
    );
    expect({ code: result.code, stderr: result.stderr }).toMatchObject({ code: 0 });
    const empty: string[] = [];
    for (const relation of relationsOf) if ((await countOf(database, relation)) === 0) empty.push(relation);
    expect(empty).toEqual([]);
    for (const schema of ['public', 'monitoring']) {
      const [row] = await select(
        database.url,
        `SELECT (SELECT count(*) FROM ${schema}.sensor_alerts) AS alerts,
                (SELECT count(*) FROM ${schema}.sensor_data d JOIN ${schema}.sensor_thresholds t USING (sensor_id)
                  WHERE NOT (to_jsonb(d) ->> t.metric)::float8 BETWEEN minimum AND maximum) AS passed`,
      );
      expect(row).toEqual({ alerts: expect.any(String), passed: (row as { alerts: string }).alerts });
    }
    expect(
      await select(
        database.url,
        `SELECT FROM business.payment_metrics p WHERE NOT EXISTS
           (SELECT FROM business.order_metrics o WHERE o.order_id = p.order_id AND o.customer_id = p.customer_id
               AND o.total_amount = p.amount AND o.status = 'created' AND o.time <= p.time)`,
      ),
    ).toEqual([]);
    expect(await select(database.url, 'SELECT FROM tsdb.paused_job')).toEqual([]);
    expect(await select(database.url, 'SELECT FROM tsdb.pending_refresh')).toEqual([]);
  });

  it('has the same rows after SIGKILL and a second start as without', async () => {
    const flags = ['--days', '20', '--sensors', '40', '--to', end(0)];
    const [killed, whole] = [await create([iot]), await create([iot])];
    const env = { DATABASE_URL: killed.url, TSDB_SCHEMAS: 'iot' };
    const first = startTsdb(['seed', ...flags], { env });
    await waitFor('the first day of readings', async () => (await countOf(killed, 'public.sensor_data')) > 0);
    first.process.kill('SIGKILL');
    expect(await first.finished).toMatchObject({ signal: 'SIGKILL' });
    const continued = await host.run(['seed', ...flags], env);
    expect(continued).toMatchObject({ code: 0, stderr: expect.stringContaining('continued from') });
    expect(await host.run(['seed', ...flags], { ...env, DATABASE_URL: whole.url })).toMatchObject({
      code: 0,
    });
    expect(await sumOf(killed)).toEqual(await sumOf(whole));
    expect(await countOf(killed, 'public.sensor_data_daily')).toBe(
      await countOf(whole, 'public.sensor_data_daily'),
    );
  });

  it('continues where it ended, and refuses other flags, other rows and unknown sets', async () => {
    const database = await create([iot, market]);
    const env = { DATABASE_URL: database.url, TSDB_SCHEMAS: 'iot,market' };
    const flags = ['--days', '2', '--sensors', '2', '--interval', '600', '--gaps', '0'];
    const seedTo = (hours: number, ...more: readonly string[]): Promise<Finished> =>
      host.run(['seed', ...flags, '--to', end(hours), ...more], env);
    expect(await seedTo(5)).toMatchObject({ code: 0, stdout: '576 readings written\n' });
    expect(await seedTo(0)).toMatchObject({ code: 0, stdout: '60 readings written\n' });
    expect(
      await select(
        database.url,
        `SELECT FROM (SELECT time - lag(time) OVER (PARTITION BY sensor_id ORDER BY time) AS step FROM public.sensor_data) s
          WHERE step <> interval '10 minutes'`,
      ),
    ).toEqual([]);
    expect(await seedTo(0, '--seed', '2')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('--seed'),
    });
    expect(await seedTo(0, '--set', 'apm')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('TSDB_SCHEMAS'),
    });
    expect(await seedTo(0, '--set', 'toString')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('choose'),
    });
    await select(database.url, `INSERT INTO market.stock_prices (time, symbol) VALUES (now(), 'X')`);
    expect(await seedTo(0, '--set', 'market')).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('already has rows that "tsdb seed" did not write'),
    });
  });
});
