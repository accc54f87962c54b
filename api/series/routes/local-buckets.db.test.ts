// Buckets on the clocks of a zone over HTTP: days of 23 and 25 hours, filled, in pages, averaged, and from aggregates.
import { testServers } from '../../../db/local/test-servers';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import { getSeries, type Parameters, queryOf, startSeries } from '../testing/ten-days';

const TABLE = 'metrics.metrics';

describe.each(testServers())('local buckets on $describe', (server) => {
  const api = forSuite(() => startSeries(server));
  const get = async (parameters: Parameters) => {
    const { status, body } = await getSeries(api, TABLE, { tz: 'Europe/Berlin', ...parameters });
    expect([status, body.detail]).toEqual([200, undefined]);
    return body;
  };

  beforeAll(async () => {
    // One value per hour, the number of the hour, around both changes of the clocks in Berlin; nothing on 30 March.
    await runSql(
      api.url,
      `INSERT INTO metrics.metrics
         SELECT start + n * interval '1 hour', 'd', 'load', n, '{}'
           FROM unnest(ARRAY['2025-03-27T23:00Z', '2025-10-24T22:00Z']::timestamptz[]) start, generate_series(0, 24 * 5) n
          WHERE (start + n * interval '1 hour') AT TIME ZONE 'Europe/Berlin' NOT BETWEEN '2025-03-31' AND '2025-03-31 23:59:59'`,
    );
  });

  it('has days of 23 and of 25 hours, with times in UTC', async () => {
    const spring = await get({ field: 'count', bucket: '1d', from: '2025-03-29', to: '2025-03-31' });
    expect(spring).toMatchObject({
      tz: 'Europe/Berlin',
      source: 'metrics.metrics_hourly',
      from: '2025-03-28T23:00:00Z',
      to: '2025-03-30T22:00:00Z',
      data: [
        { time: '2025-03-28T23:00:00Z', count: 24 },
        { time: '2025-03-29T23:00:00Z', count: 23 },
      ],
    });
    const autumn = await get({
      field: 'count,min(value)',
      bucket: '1d',
      from: '2025-10-26',
      to: '2025-10-28',
    });
    expect(autumn.data).toEqual([
      { time: '2025-10-25T22:00:00Z', count: 25, min_value: 24 },
      { time: '2025-10-26T23:00:00Z', count: 24, min_value: 49 },
    ]);
  });

  it('reads the rows where buckets of the aggregate do not fit', async () => {
    const asked = { field: 'count', bucket: '1d', from: '2025-10-25', to: '2025-10-26' };
    expect(await get({ ...asked, tz: 'Asia/Kolkata' })).toMatchObject({
      source: TABLE,
      from: '2025-10-24T18:30:00Z',
      data: [{ time: '2025-10-24T18:30:00Z', count: 21 }],
    });
    expect(await get({ ...asked, tz: 'Europe/London' })).toMatchObject({ source: 'metrics.metrics_hourly' });
  });

  it.each([
    ['null', [24, 23, null, 24, 2]],
    ['locf', [24, 23, 23, 24, 2]],
    // The day of 30 March has 23 hours.
    ['linear', [24, 23, 23 + 23 / 47, 24, 2]],
  ])('fills with %s', async (fill, expected) => {
    const { data } = await get({ field: 'count', bucket: '1d', fill, from: '2025-03-29', to: '2025-04-03' });
    expect(data.slice(0, 3).map(({ time }: { time: string }) => time)).toEqual([
      '2025-03-28T23:00:00Z',
      '2025-03-29T23:00:00Z',
      '2025-03-30T22:00:00Z',
    ]);
    expect(data.map(({ count }: { count: number }) => count)).toEqual(expected);
  });

  it('chooses widths and makes pages', async () => {
    const range = { from: '2025-10-25', to: '2025-10-30' };
    const widths = [];
    for (const points of ['5', '6', '20', '24'])
      widths.push((await get({ field: 'count', points, ...range })).bucket);
    expect(widths).toEqual(['1 day', '1 day', '6 hours', '6 hours']);
    const whole = (await get({ field: 'count,increase(value)', by: 'device_id', bucket: '6h', ...range }))
      .data;
    const pages: unknown[] = [];
    let cursor: string | null = null;
    do {
      const body = await get({
        field: 'count,increase(value)',
        by: 'device_id',
        bucket: '6h',
        limit: '3',
        ...range,
        ...(cursor && { cursor }),
      });
      pages.push(...body.data);
      cursor = body.next;
    } while (cursor !== null);
    expect(whole[4]).toEqual({ time: '2025-10-25T22:00:00Z', device_id: 'd', count: 7, increase_value: 7 });
    expect(pages).toEqual(whole);
  });

  it('averages over windows of whole local days', async () => {
    const parameters = queryOf({
      field: 'value',
      window: '2d',
      bucket: '1d',
      tz: 'Europe/Berlin',
      from: '2025-10-26',
      to: '2025-10-28',
    });
    const { body } = await api
      .get(`/api/series/${TABLE}/moving-average?${parameters}`)
      .then((answer) => ({ body: answer.json() }));
    expect(body).toMatchObject({
      tz: 'Europe/Berlin',
      from: '2025-10-25T22:00:00Z',
      to: '2025-10-27T23:00:00Z',
    });
    expect(body.data).toEqual([
      { time: '2025-10-25T22:00:00Z', value: 36, moving_average: 24 },
      { time: '2025-10-26T23:00:00Z', value: 60.5, moving_average: 48 },
    ]);
  });

  it.each([
    ['bad-zone', { field: 'count', tz: 'Mars/Olympus' }],
    ['bad-bucket', { field: 'value', tz: 'Europe/Berlin' }],
    ['bad-bucket', { field: 'count', bucket: '7s', period: '5y', tz: 'Europe/Berlin' }],
  ])('refuses with %s: %j', async (problem, parameters) => {
    const { status, body } = await getSeries(api, TABLE, parameters as unknown as Parameters);
    expect([status, body.type]).toEqual([400, `urn:tsdb:problem:${problem}`]);
  });
});
