// Months as the server counts them back from any day, and a declaration whose months could lose history.
import { daysIn } from '../language/interval-bounds';
import { createTestDatabase, testServers } from '../local/test-servers';
import { applied, applySets, execute, planSets, select } from '../testing/apply';
import { plant } from '../testing/sets';

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  it('months are as short and as long as the rules take them for', async () => {
    const { url, drop } = await createTestDatabase(server);
    const months = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 25, 48];
    // Every day of 400 years, after which the calendar repeats.
    const counted = await select<{ months: number; fewest: number; most: number }>(
      url,
      `SELECT n AS months, min(extract(day FROM t - (t - n * interval '1 month')))::int AS fewest, max(extract(day FROM t - (t - n * interval '1 month')))::int AS most
         FROM unnest($1::int[]) n, generate_series(timestamp '2000-01-01', timestamp '2399-12-31', interval '1 day') t GROUP BY 1 ORDER BY 1`,
      [months],
    );
    expect(counted).toEqual(months.map((n) => ({ months: n, ...daysIn(n) })));
    await drop();
  }, 120_000);

  it('a window of four months over 121 days of rows is refused, and no bucket is lost', async () => {
    const kept = [plant({ retention: '1 year', compressAfter: '5 months', startOffset: '4 months' })];
    const { url, drop } = await createTestDatabase(
      server,
      applied([plant({ retention: '1 year' })], 'all jobs'),
    );
    if (engine !== 'timescaledb')
      await execute(url, `SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '125 days', now())`);
    await execute(
      url,
      `INSERT INTO plant.metric SELECT date_trunc('day', now()) - n * interval '6 hours', 'a', n FROM generate_series(1, 492) n`,
      `CALL public.refresh_continuous_aggregate('plant.metric_hourly', NULL::timestamptz, now() - interval '1 hour')`,
    );
    const buckets = async (): Promise<unknown> =>
      (await select(url, 'SELECT count(*)::int AS n FROM plant.metric_hourly'))[0];
    expect(await buckets()).toEqual({ n: 492 });
    const short = [plant({ retention: '121 days', compressAfter: '120 days', startOffset: '4 months' })];
    await expect(applySets(url, short, ['deletes-data'])).rejects.toThrow(
      /TS001 plant\.metric_hourly: refreshes the last 4 months, but plant\.metric keeps its rows for only 121 days/,
    );
    expect(await buckets()).toEqual({ n: 492 });
    expect((await planSets(url, kept)).steps.map(({ id }) => id)).toContain(
      'alter-policy:plant.metric_hourly:refresh',
    );
    await drop();
  });
});
