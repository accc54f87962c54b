// Filling and thinning out on real servers; expected values are computed here from the rows that were written.
import { testServers } from '../../../db/local/test-servers';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import { DAY, getSeries, iso, type Parameters, rows, start, startSeries, tenDays } from '../testing/ten-days';

describe.each(testServers())('shaping on $describe', (server) => {
  const api = forSuite(() => startSeries(server));
  const range = tenDays;
  const get = (table: string, parameters: Parameters) => getSeries(api, table, parameters);

  describe('filling', () => {
    const asked = { field: 'max(temperature),count', by: 'sensor_id', bucket: '1d', ...range };
    const of = (data: readonly Record<string, unknown>[], sensor: string, column: string) =>
      data.filter(({ sensor_id }) => sensor_id === sensor).map((row) => row[column]);
    const highest = (sensor: string) =>
      Array.from({ length: 10 }, (_, day) => {
        const values = rows.flatMap(({ time, sensor_id, temperature }) =>
          sensor_id === sensor && Math.floor((time - start) / DAY) === day && temperature !== null
            ? [temperature]
            : [],
        );
        return values.length > 0 ? Math.max(...values) : null;
      });

    it('leaves gaps out, or shows them as null, counts too', async () => {
      const sparse = (await get('sensor_data', asked)).body;
      expect(sparse.count).toBe(17);
      const { body } = await get('sensor_data', { ...asked, fill: 'null' });
      expect(body.count).toBe(20);
      for (const sensor of ['a', 'b'])
        expect(of(body.data, sensor, 'max_temperature')).toEqual(highest(sensor));
      expect(of(body.data, 'b', 'count')).toEqual([72, 72, null, 72, null, 72, 72, 72, 72, 72]);
    });

    it('carries the last value forward, per series', async () => {
      const { body } = await get('sensor_data', { ...asked, fill: 'locf' });
      const expected = highest('b');
      expect(of(body.data, 'b', 'max_temperature')).toEqual(
        expected.map((value, day) => (day === 2 || day === 4 ? expected[day - 1] : value)),
      );
    });

    it('draws a line between neighbours', async () => {
      const { body } = await get('sensor_data', { ...asked, fill: 'linear' });
      const expected = highest('b');
      const found = of(body.data, 'b', 'max_temperature') as number[];
      for (const day of [2, 4])
        expect(found[day]).toBeCloseTo(((expected[day - 1] ?? 0) + (expected[day + 1] ?? 0)) / 2, 9);
    });

    it('fills a range without any rows when there are no keys', async () => {
      const empty = { from: '2001-01-01', to: '2001-04-01' };
      const { body } = await get('sensor_data', { field: 'count', bucket: '1mo', fill: 'null', ...empty });
      expect(body.data).toEqual(
        ['01', '02', '03'].map((month) => ({ time: `2001-${month}-01T00:00:00Z`, count: null })),
      );
    });

    it('refuses more rows than allowed before making them', async () => {
      const { status, body } = await get('sensor_data', {
        field: 'count',
        bucket: '1s',
        fill: 'null',
        ...range,
      });
      expect([status, body.type]).toEqual([422, 'urn:tsdb:problem:too-many-rows']);
    });
  });

  describe('downsampling', () => {
    const asked = { field: 'temperature', by: 'sensor_id', points: '40', ...range };
    const isTrue = (row: Record<string, unknown>) =>
      rows.some(
        ({ time, sensor_id, temperature }) =>
          iso(time) === row.time && sensor_id === row.sensor_id && temperature === row.temperature,
      );

    it.each(['lttb', 'minmax'])(
      '%s gives true rows in order, at most the points per series',
      async (downsample) => {
        const { body } = await get('sensor_data', { ...asked, downsample });
        expect(body.downsample).toBe(downsample);
        expect(body.data.every(isTrue)).toBe(true);
        const times = body.data.map(({ time }: { time: string }) => Date.parse(time));
        expect(times).toEqual([...times].sort((a, b) => a - b));
        for (const sensor of ['a', 'b']) {
          const found = body.data.filter(({ sensor_id }: { sensor_id: string }) => sensor_id === sensor);
          expect(found.length).toBeGreaterThan(20);
          expect(found.length).toBeLessThanOrEqual(40);
          const values = rows.flatMap((row) => (row.sensor_id === sensor ? (row.temperature ?? []) : []));
          const extremes = found.map(({ temperature }: { temperature: number }) => temperature);
          if (downsample === 'minmax') expect(Math.max(...extremes)).toBe(Math.max(...values));
          if (downsample === 'minmax') expect(Math.min(...extremes)).toBe(Math.min(...values));
        }
      },
    );

    it('gives all rows when they are fewer than the points', async () => {
      const { body } = await get('sensor_data', { ...asked, points: '10000', downsample: 'lttb' });
      expect(body.count).toBe(rows.filter(({ temperature }) => temperature !== null).length);
      expect(body.data.every(isTrue)).toBe(true);
    });

    it('keeps microseconds', async () => {
      await runSql(
        api.url,
        `INSERT INTO sensor_data VALUES ('2012-01-01 00:00:00.123457', 'm', 1.25), ('2012-01-01 00:00:01', 'm', 'NaN')`,
      );
      for (const downsample of ['lttb', 'minmax']) {
        const { body } = await get('sensor_data', {
          field: 'temperature',
          downsample,
          from: '2012-01-01',
          to: '2012-01-02',
        });
        expect(body.data).toEqual([{ time: '2012-01-01T00:00:00.123457Z', temperature: 1.25 }]);
      }
    });
  });
});
