import { sensorData } from '../../../db/schema/iot';
import { appMetrics, sensorAlerts } from '../../../db/schema/monitoring';
import { typesOf } from '../store/row-copy';
import { cellText } from './cells';
import { rowReader } from './row-reader';

const NOW = Date.UTC(2026, 10, 20, 12);
const read = (value: unknown, table: Parameters<typeof rowReader>[0] = sensorData) =>
  rowReader(table, NOW)({ line: 1, source: value, value });
const reason = (value: unknown, table?: Parameters<typeof rowReader>[0]) => {
  const result = read(value, table);
  return 'rejected' in result ? result.rejected.reason : undefined;
};
const textsOf = (value: unknown, table?: Parameters<typeof rowReader>[0]) => {
  const result = read(value, table);
  if (!('row' in result)) return result.rejected.reason;
  const types = typesOf(table ?? sensorData);
  return result.row.cells.map((cell, at) =>
    cell === undefined ? undefined : cellText(types[at] ?? '', cell),
  );
};
const time = '2026-11-20T11:00:00Z';

describe('rowReader', () => {
  it('gives texts in the order of the columns, null for what is absent', () => {
    expect(textsOf({ temperature: 21.5, sensor_id: 'a', time })).toEqual([time, 'a', '21.5', null, null]);
  });

  it('leaves defaults to the server, and keeps an explicit null', () => {
    const row = { time, host: 'h', metric_name: 'm', value: 1 };
    expect(textsOf(row, appMetrics)).toEqual([time, 'h', 'm', '1', undefined]);
    expect(textsOf({ ...row, tags: null }, appMetrics)).toEqual([time, 'h', 'm', '1', null]);
  });

  it('gives the time of receipt where the time has a default', () => {
    expect(textsOf({ sensor_id: 1, alert_type: 'x' }, sensorAlerts)?.[0]).toBe('2026-11-20T12:00:00Z');
  });

  it.each([
    [5, 'a row must be an object of columns, got 5'],
    [null, 'a row must be an object of columns, got null'],
    [[], 'a row must be an object of columns, got an array'],
    [{}, 'time is missing'],
    [{ time }, 'sensor_id is missing'],
    [{ time, sensor_id: null }, 'sensor_id must not be null'],
    [{ time, sensor_id: 'a', temperature: 'hot' }, 'temperature must be a finite number, got "hot"'],
    [
      { time, sensor_id: 'a', temprature: 1 },
      'there is no column "temprature"; the columns are time, sensor_id, temperature, humidity, pressure',
    ],
    [{ time: '2016-11-01', sensor_id: 'a' }, expect.stringContaining('more than 10 years away')],
    [{ time: '2037-11-01', sensor_id: 'a' }, expect.stringContaining('more than 10 years away')],
  ])('refuses %j', (value, expected) => {
    expect(reason(value)).toEqual(expected);
  });

  it.each(['"; DROP TABLE sensor_data; --', '__proto__', 'constructor', 'toString', 'TIME', ' time', ''])(
    'refuses the column name %j',
    (name) => {
      expect(reason(JSON.parse(`{"time":"${time}","sensor_id":"a",${JSON.stringify(name)}:1}`))).toMatch(
        /^there is no column/,
      );
    },
  );

  it('does not take columns from a prototype', () => {
    expect(reason(Object.create({ time, sensor_id: 'a' }))).toBe('time is missing');
  });

  it('bounds the number of chunks that one request can make', () => {
    const reader = rowReader(appMetrics, NOW);
    const results = Array.from({ length: 1_000 }, (_, hour) => {
      const at = new Date(NOW - hour * 3_600_000).toISOString();
      return reader({ line: hour, source: '', value: { time: at, host: 'h', metric_name: 'm' } });
    });
    const refused = results.filter((result) => 'rejected' in result);
    expect(refused).toHaveLength(200);
    expect(refused[0]).toMatchObject({
      rejected: { reason: expect.stringContaining('400 chunks of 1 hour') },
    });
  });
});
