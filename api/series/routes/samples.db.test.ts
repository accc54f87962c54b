// Figures that compare samples, and the ranking of series, on real servers; expected values are written down.
import { testServers } from '../../../db/local/test-servers';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import { getSeries, type Parameters, startSeries } from '../testing/ten-days';

const at = (time: string): string => `2025-05-05T${time}:00Z`;

/** Samples of three devices: a counter that begins again at zero, a duplicate time, missing and unusable values. */
const SAMPLES: readonly (readonly [string, string, number | string | null])[] = [
  ['a', '09:50', 100],
  ['a', '10:10', 130],
  ['a', '10:20', null],
  ['a', '10:40', 5],
  ['a', '10:40', 2],
  ['a', '11:30', 25],
  ['a', '11:31', 'NaN'],
  ['a', '13:00', 26],
  ['b', '10:30', 7],
  ['b', '11:10', null],
  ['c', '08:00', 1],
  ['c', '10:15', 1],
  ['c', '10:45', 4],
];

describe.each(testServers())('samples on $describe', (server) => {
  const api = forSuite(() => startSeries(server));
  const get = (parameters: Parameters) => getSeries(api, 'metrics.metrics', parameters);
  const rows = async (field: string, more: Parameters = {}) => {
    const range = { bucket: '1h', from: at('10:00'), to: at('14:00') };
    const { status, body } = await get({ field, where: 'device_id=a', ...range, ...more });
    expect([status, body.detail]).toEqual([200, undefined]);
    return body.data.map(({ time, ...figures }: Record<string, string>) => [
      time?.slice(11, 16),
      ...Object.values(figures),
    ]);
  };

  beforeAll(async () => {
    await runSql(
      api.url,
      `INSERT INTO metrics.metrics SELECT t, d, 'n', v, '{}' FROM unnest($1::timestamptz[], $2::text[], $3::float8[]) r (t, d, v)`,
      [
        SAMPLES.map(([, time]) => at(time)),
        SAMPLES.map(([device]) => device),
        SAMPLES.map(([, , value]) => value),
      ],
    );
  });

  it('counts on from the last sample before the range, and over resets', async () => {
    expect(await rows('increase(value),rate(value),delta(value)')).toEqual([
      // 100 to 130, then from zero to 5: the larger of two at the same time counts.
      ['10:00', 35, 35 / 3_000, -95],
      ['11:00', 20, 20 / 3_000, 20],
      ['13:00', 1, 1 / 5_400, 1],
    ]);
  });

  it('adds up: the total over buckets is that over the range', async () => {
    const total = (data: number[][]) => data.reduce((sum, [, value = 0]) => sum + value, 0);
    for (const bucket of ['1m', '7m', '1h', '3h']) {
      expect(total(await rows('increase(value)', { bucket }))).toBe(56);
      expect(total(await rows('delta(value)', { bucket }))).toBe(-74);
    }
    expect(await rows('increase(value)', { bucket: '1d' })).toEqual([['00:00', 56]]);
  });

  it('weights values by how long they hold, from the last sample before a bucket to its end', async () => {
    expect(await rows('twa(value)')).toEqual([
      ['10:00', (100 * 10 + 130 * 30 + 5 * 20) / 60],
      ['11:00', (5 * 30 + 25 * 30) / 60],
      ['13:00', 26],
    ]);
  });

  it('has nothing to compare the first sample of a series with', async () => {
    expect(
      await rows('increase(value),rate(value),delta(value),twa(value),count', { where: 'device_id=b' }),
    ).toEqual([
      ['10:00', null, null, null, 7, 1],
      ['11:00', null, null, null, null, 1],
    ]);
  });

  it('keeps series apart, next to figures of other kinds', async () => {
    const { body } = await get({
      field: 'increase(value),max(value),count',
      by: 'device_id,metric_name',
      bucket: '1d',
      from: at('10:00'),
      to: at('14:00'),
      where: 'metric_name=n',
    });
    expect(body.source).toBe('metrics.metrics');
    expect(body.data.map((row: object) => Object.values(row).slice(1))).toEqual([
      ['a', 'n', 56, 'NaN', 8],
      ['b', 'n', null, 7, 2],
      ['c', 'n', 3, 4, 3],
    ]);
  });

  it('holds the newest value until now, and not until the end of the bucket', async () => {
    await runSql(
      api.url,
      `INSERT INTO metrics.metrics SELECT now() - ago, 'new', 'n', v, '{}' FROM (VALUES (interval '3 hours', 10), ('1 hours', 40)) r (ago, v)`,
    );
    const { body } = await get({ field: 'twa(value)', bucket: '1y', where: 'device_id=new', period: '1d' });
    // The year may have begun between the two.
    const [newest] = body.data.slice(-1);
    expect(newest.twa_value).toBeGreaterThan(19.9);
    expect(newest.twa_value).toBeLessThan(40.1);
    if (body.data.length === 1) expect(newest.twa_value).toBeCloseTo(20, 1);
  });

  it('refuses to compare samples of different series', async () => {
    const { status, body } = await get({ field: 'rate(value)', bucket: '1h', period: '1d' });
    expect([status, body.type]).toEqual([400, 'urn:tsdb:problem:bad-field']);
    expect(body.detail).toContain('device_id, metric_name');
  });

  describe('top', () => {
    const range = { from: at('08:00'), to: at('14:00'), where: 'metric_name=n' };
    const top = async (parameters: Parameters) => {
      const { status, body } = await get({ by: 'device_id', bucket: '1d', ...range, ...parameters });
      expect([status, body.detail]).toEqual([200, undefined]);
      return [body.top, body.data.map(({ device_id }: { device_id: string }) => device_id)];
    };

    it('shows the series with the largest values, and counts the others', async () => {
      expect(await top({ field: 'count', top: '2' })).toEqual([
        { of: 'count(*)', series: 2, left_out: 1 },
        ['a', 'c'],
      ]);
      expect(await top({ field: 'count', top: '1:increase(value)' })).toEqual([
        { of: 'increase(value)', series: 1, left_out: 2 },
        ['a'],
      ]);
      expect(await top({ field: 'min(value)', top: '2' })).toEqual([
        { of: 'min(value)', series: 2, left_out: 1 },
        ['a', 'b'],
      ]);
      expect(await top({ field: 'count', top: '9' })).toEqual([
        { of: 'count(*)', series: 3, left_out: 0 },
        ['a', 'b', 'c'],
      ]);
      // Equal series are ranked by their keys; NaN comes after the numbers.
      expect(await top({ field: 'distinct(metric_name)', top: '2' })).toEqual([
        { of: 'distinct(metric_name)', series: 2, left_out: 1 },
        ['a', 'b'],
      ]);
      expect(await top({ field: 'max(value)', top: '2' })).toEqual([
        { of: 'max(value)', series: 2, left_out: 1 },
        ['b', 'c'],
      ]);
    });

    it('chooses series of rows as they are, of filled buckets, and of none', async () => {
      const { body } = await get({ field: 'value', by: 'device_id', top: '1:max(value)', ...range });
      expect(body.data.map(({ device_id, value }: Record<string, unknown>) => [device_id, value])).toEqual([
        ['b', 7],
        ['b', null],
      ]);
      expect(await top({ field: 'count', top: '1', bucket: '3h', fill: 'null' })).toEqual([
        { of: 'count(*)', series: 1, left_out: 2 },
        ['a', 'a', 'a'],
      ]);
      expect(await top({ field: 'count', top: '1', where: 'metric_name=nobody' })).toEqual([
        { of: 'count(*)', series: 0, left_out: 0 },
        [],
      ]);
    });

    it('says in CSV how many it left out', async () => {
      const answer = await api.get(
        `/api/series/metrics.metrics?field=count&by=device_id&bucket=1d&top=1&format=csv&from=${at('08:00')}&to=${at('14:00')}&where=metric_name=n`,
      );
      expect(answer.headers['x-tsdb-series-left-out']).toBe('2');
    });

    it.each([
      ['invalid-request', { field: 'count', by: 'device_id', top: '0' }],
      ['invalid-request', { field: 'count', by: 'device_id', top: 'max(value)' }],
      ['invalid-request', { field: 'count', top: '5' }],
      ['invalid-request', { field: 'count', by: 'device_id', top: '5', limit: '3' }],
      ['bad-field', { field: 'value', by: 'device_id', top: '5' }],
      ['bad-field', { field: 'count', by: 'device_id', top: '5:max(metric_name)' }],
      ['bad-field', { field: 'count', by: 'device_id', top: '5:max(value),min(value)' }],
      ['bad-field', { field: 'count', by: 'device_id', top: '5:' }],
    ])('refuses with %s: %j', async (problem, parameters) => {
      const { status, body } = await get({ ...range, ...parameters });
      expect([status, body.type]).toEqual([400, `urn:tsdb:problem:${problem}`]);
    });
  });
});
