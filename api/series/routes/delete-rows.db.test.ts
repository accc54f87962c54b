// DELETE /api/series/:table on real servers.
import { testServers } from '../../../db/local/test-servers';
import { execute, select } from '../../../db/testing/apply';
import { startApi } from '../../testing/api-under-test';
import { refreshAll } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';

const DAY = 86_400_000;
const START = Math.floor(Date.now() / DAY) * DAY - 40 * DAY;
const at = (days: number, hours = 0): string =>
  new Date(START + days * DAY + hours * 3_600_000).toISOString().replace('.000Z', 'Z');

describe.each(testServers())('deleting over HTTP on $describe', (server) => {
  const lines: string[] = [];
  const api = forSuite(() =>
    startApi(server, { logger: { level: 'info', stream: { write: (line) => lines.push(line) } } }),
  );

  beforeAll(async () => {
    await execute(
      api.url,
      `INSERT INTO public.sensor_data SELECT '${at(0)}'::timestamptz + n * interval '30 minutes', 's' || n % 3, n, n, n FROM generate_series(0, 48 * 6 - 1) n`,
    );
    await refreshAll(api.url);
  });

  const remove = async (query: string) => {
    const response = await api.send('DELETE', `/api/series/sensor_data?${query}`);
    return { status: response.statusCode, body: response.json() };
  };
  const count = async (): Promise<number> =>
    (await select<{ n: number }>(api.url, 'SELECT count(*)::int AS n FROM public.sensor_data'))[0]?.n ?? -1;
  const range = `from=${at(1)}&to=${at(2)}`;

  it('takes both ends, and refuses what it cannot read', async () => {
    for (const [query, type] of [
      ['', 'invalid-request'],
      [`from=${at(1)}`, 'invalid-request'],
      [`from=${at(2)}&to=${at(1)}`, 'bad-range'],
      [`${range}&where=nothing=1`, 'bad-filter'],
      [`from=now&to=${at(1)}`, 'bad-time'],
      [`${range}&period=1d`, 'invalid-request'],
    ] as const)
      expect([query, (await remove(query)).body.type]).toEqual([query, `urn:tsdb:problem:${type}`]);
    expect(await count()).toBe(48 * 6);
  });

  it('counts, deletes, and answers the same question from the aggregates at once as from the rows', async () => {
    const series = (source: string) =>
      api.get(
        `/api/series/sensor_data?field=avg(temperature),count&by=sensor_id&bucket=1d&from=${at(0)}&to=${at(6)}&source=${source}`,
      );
    const before = (await series('auto')).json();
    expect(before.source).toBe('sensor_data_daily');
    const dry = await remove(`${range}&where=sensor_id=s1&dry_run=true`);
    expect([dry.status, dry.body.deleted, dry.body.dry_run, await count()]).toEqual([200, 16, true, 48 * 6]);
    expect(dry.body.aggregates[0]).toMatchObject({ aggregate: 'sensor_data_hourly', buckets: 16 });
    const done = await remove(`${range}&where=sensor_id=s1`);
    expect(done.body).toMatchObject({
      table: 'sensor_data',
      from: at(1),
      to: at(2),
      dry_run: false,
      deleted: 16,
      kept_since: null,
    });
    expect(
      done.body.aggregates.map(({ aggregate, kept, unsettled }: Record<string, unknown>) => [
        aggregate,
        kept,
        unsettled,
      ]),
    ).toEqual(
      expect.arrayContaining(
        ['hourly', 'daily', 'monthly'].map((level) => [`sensor_data_${level}`, null, null]),
      ),
    );
    expect(await count()).toBe(48 * 6 - 16);
    const [stored, raw] = [(await series('auto')).json(), (await series('raw')).json()];
    expect(stored.data).toEqual(raw.data);
    expect(stored.data).not.toEqual(before.data);
    expect(stored.freshness.stale).toEqual(server.engine === 'timescaledb' ? [] : null);
    expect((await remove(`${range}&where=sensor_id=s1`)).body.deleted).toBe(0);
    const audit = lines.map((line) => JSON.parse(line)).filter(({ msg }) => msg === 'rows were deleted');
    expect(audit[0]).toMatchObject({ table: 'sensor_data', rows: 16, asked: { where: ['sensor_id=s1'] } });
  });

  it('refuses as a whole what would lose other rows, and names the buckets', async () => {
    await execute(api.url, `DELETE FROM public.sensor_data WHERE time = '${at(4, 3)}'`);
    const before = await count();
    const refused = await remove(`from=${at(4)}&to=${at(5)}`);
    expect([refused.status, refused.body.type, await count()]).toEqual([
      409,
      'urn:tsdb:problem:deletion-refused',
      before,
    ]);
    expect(refused.body.detail).toContain(
      `sensor_data_hourly (${at(4, 3)} to ${at(4, 4)}) hold rows that public.sensor_data has no more`,
    );
  });

  it('also takes tables without aggregates', async () => {
    await execute(
      api.url,
      `INSERT INTO public.sensor_alerts (time, sensor_id, alert_type) VALUES ('${at(1)}', 's1', 'odd'), ('${at(1)}', 's2', 'odd')`,
    );
    const response = await api.send('DELETE', `/api/series/sensor_alerts?${range}&where=sensor_id=s1`);
    expect(response.json()).toMatchObject({ deleted: 1, aggregates: [] });
    expect(await select(api.url, 'SELECT sensor_id FROM public.sensor_alerts')).toEqual([
      { sensor_id: 's2' },
    ]);
  });

  it('runs one at a time', async () => {
    const both = await Promise.all([
      remove(`from=${at(0)}&to=${at(1)}`),
      remove(`from=${at(0)}&to=${at(1)}`),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual([200, 429]);
  });
});
