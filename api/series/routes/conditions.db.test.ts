// Conditions and refusals of series on real servers.
import { testServers } from '../../../db/local/test-servers';
import { runSql } from '../../testing/fixture';
import { forSuite } from '../../testing/for-suite';
import type { SensorRow } from '../testing/data';
import { getSeries, iso, type Parameters, rows, start, startSeries, tenDays } from '../testing/ten-days';

describe.each(testServers())('conditions on $describe', (server) => {
  const api = forSuite(() => startSeries(server));
  const range = tenDays;
  const get = (table: string, parameters: Parameters) => getSeries(api, table, parameters);

  beforeAll(async () => {
    await runSql(
      api.url,
      `INSERT INTO metrics.metrics SELECT $1::timestamptz + n * interval '1 minute', 'd' || n % 3, 'cpu', n, jsonb_build_object('rack', n % 2, 'site', 'x')
         FROM generate_series(0, 29) n`,
      [iso(start)],
    );
  });

  describe('conditions', () => {
    const count = async (table: string, where: string | readonly string[]) => {
      const { status, body } = await get(table, {
        field: 'count',
        bucket: '1y',
        where,
        from: iso(start),
        to: range.to,
      });
      expect(status).toBe(200);
      return body.data.reduce((sum: number, row: { count: number }) => sum + row.count, 0);
    };
    const matching = (test: (row: SensorRow) => boolean) => rows.filter(test).length;

    it('compares numbers, texts, lists and JSON', async () => {
      expect(await count('sensor_data', 'sensor_id=a')).toBe(matching((row) => row.sensor_id === 'a'));
      expect(await count('sensor_data', 'sensor_id!=a')).toBe(matching((row) => row.sensor_id !== 'a'));
      expect(await count('sensor_data', 'humidity >= 50')).toBe(matching((row) => (row.humidity ?? 0) >= 50));
      expect(await count('sensor_data', ['humidity<20', 'sensor_id in ["b","c"]'])).toBe(
        matching((row) => (row.humidity ?? 0) < 20 && row.sensor_id === 'b'),
      );
      expect(await count('metrics.metrics', 'tags @> {"rack":1}')).toBe(15);
      expect(await count('metrics.metrics', ['tags @> {"rack":1,"site":"x"}', 'device_id=d0'])).toBe(5);
    });

    it('joins conditions with and, or and brackets', async () => {
      expect(await count('sensor_data', "sensor_id='a' or humidity>90")).toBe(
        matching((row) => row.sensor_id === 'a' || (row.humidity ?? 0) > 90),
      );
      expect(await count('sensor_data', '(sensor_id=a or sensor_id="b") and temperature is null')).toBe(
        matching((row) => row.temperature === null),
      );
      expect(await count('sensor_data', 'sensor_id=a or sensor_id=b and temperature is not null')).toBe(
        matching((row) => row.sensor_id === 'a' || row.temperature !== null),
      );
      expect(
        await count('metrics.metrics', ['tags @> {"rack":1} or device_id=d0', 'device_id is not null']),
      ).toBe(20);
    });

    it('finds texts that contain quotes, blanks and words of the syntax', async () => {
      const ids = [`'a'`, '"a"', ' a ', `it's`, 'a or b', '(a)', 'a,b', 'null', ''];
      await runSql(
        api.url,
        `INSERT INTO metrics.metrics SELECT $1::timestamptz + interval '1 hour', id, 'quoting', 1, '{}' FROM unnest($2::text[]) id`,
        [iso(start), ids],
      );
      for (const id of ids) {
        const where = [`device_id='${id.replaceAll("'", "''")}'`, 'metric_name="quoting"'];
        expect([id, await count('metrics.metrics', where)]).toEqual([id, 1]);
        expect([
          id,
          await count('metrics.metrics', `device_id=${JSON.stringify(id)} and metric_name=quoting`),
        ]).toEqual([id, 1]);
      }
    });

    it('takes hostile values as values', async () => {
      for (const value of [`a"; DROP TABLE sensor_data; --`, '\\', '{}', 'x'.repeat(51)])
        expect(await count('sensor_data', `sensor_id=${value}`)).toBe(0);
      for (const value of [`a' OR '1'='1`, `a"; DROP TABLE sensor_data; --`, '\\', '{}', `'`, `''`])
        expect(await count('sensor_data', `sensor_id='${value.replaceAll("'", "''")}'`)).toBe(0);
      // A value that the column cannot hold takes nothing away from those beside it.
      const beside = [`sensor_id in ${JSON.stringify(['x'.repeat(51), 'sensor_001'])}`];
      expect(await count('sensor_data', beside)).toBe(
        matching(({ sensor_id }) => sensor_id === 'sensor_001'),
      );
      // Without quotes the word OR joins two conditions, and '1' is no column.
      const injected = await get('sensor_data', { where: `sensor_id=a' OR '1'='1`, ...range });
      expect([injected.status, injected.body.type]).toEqual([400, 'urn:tsdb:problem:bad-filter']);
      expect(await count('sensor_data', `sensor_id in ${JSON.stringify([`'`, '"', '\\', ','])}`)).toBe(0);
    });
  });

  it.each([
    ['unknown-table', 404, 'nope', {}],
    ['unknown-table', 404, 'sensor_data%22;--', {}],
    ['bad-field', 400, 'sensor_data', { field: 'avg(nope)' }],
    ['bad-field', 400, 'sensor_data', { field: '1;drop table x' }],
    ['bad-field', 400, 'sensor_data', { field: 'avg(constructor)' }],
    ['bad-field', 400, 'sensor_data', { field: 'pg_sleep(temperature)' }],
    ['bad-field', 400, 'sensor_data', { field: 'avg(sensor_id)' }],
    ['bad-field', 400, 'sensor_data', { field: 'count', by: 'temperature' }],
    ['bad-field', 400, 'sensor_data', { field: 'sensor_id', downsample: 'lttb' }],
    ['bad-filter', 400, 'sensor_data', { where: '"sensor_id"=a' }],
    ['bad-filter', 400, 'sensor_data', { where: 'temperature=warm' }],
    ['bad-filter', 400, 'sensor_data', { where: 'sensor_id in a' }],
    ['bad-filter', 400, 'monitoring.sensor_data', { where: 'sensor_id=99999999999' }],
    ['bad-filter', 400, 'metrics.device_telemetry', { where: 'device_id=7' }],
    ['bad-filter', 400, 'metrics.metrics', { where: 'tags=1' }],
    ['bad-bucket', 400, 'sensor_data', { field: 'count', bucket: '5x' }],
    ['bad-bucket', 400, 'sensor_data', { field: 'count', bucket: 'none' }],
    ['bad-bucket', 400, 'sensor_data', { field: 'temperature', bucket: '1h' }],
    ['bad-range', 400, 'sensor_data', { from: '2030-01-01', to: '2029-01-01' }],
    ['bad-range', 400, 'sensor_data', { from: '9000-01-01' }],
    ['bad-cursor', 400, 'sensor_data', { cursor: 'x' }],
    ['invalid-request', 400, 'sensor_data', { field: 'count', fill: 'null', limit: '5' }],
    ['invalid-request', 400, 'sensor_data', { points: '0' }],
    ['invalid-request', 400, 'sensor_data', { fields: 'temperature' }],
  ])('refuses with %s (%i): %s %j', async (problem, status, table, parameters) => {
    const { body, ...answer } = await get(table, parameters as Record<string, string>);
    expect([answer.status, body.type]).toEqual([status, `urn:tsdb:problem:${problem}`]);
  });

  it('names what is allowed', async () => {
    expect((await get('nope', {})).body.detail).toContain(
      'sensor_data, sensor_alerts, monitoring.sensor_data',
    );
    expect((await get('sensor_data', { field: 'avg(nope)' })).body.detail).toContain(
      'time, sensor_id, temperature, humidity, pressure',
    );
  });
});
