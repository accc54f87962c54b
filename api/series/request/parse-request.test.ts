import { parseDuration } from '../../../db/language/interval';
import { orderMetrics } from '../../../db/schema/business';
import { sensorData } from '../../../db/schema/iot';
import { metric } from '../../../db/schema/metrics';
import { parseWidth } from '../../http/durations';
import { ProblemError } from '../../http/problems';
import { parseNumericColumn } from './fields';
import { boundColumns, parseFilters } from './filters';
import { parseRequest, type SeriesParameters } from './parse-request';

const problemOf = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof ProblemError) return `${error.problem}: ${error.detail}`;
    throw error;
  }
  return 'no problem';
};
const ask = (parameters: SeriesParameters) => parseRequest(sensorData, parameters);

describe('request', () => {
  it('reads figures', () => {
    const { fields, bucket, by } = ask({
      field: 'avg(temperature), count(*),p05( humidity ),median(pressure),first(sensor_id)',
      by: 'sensor_id',
    });
    expect(fields.map(({ name, of, unit }) => [name, of, unit])).toEqual([
      ['avg_temperature', 'avg(temperature)', '°C'],
      ['count', 'count(*)', null],
      ['p05_humidity', 'p05(humidity)', '%'],
      ['median_pressure', 'median(pressure)', 'hPa'],
      ['first_sensor_id', 'first(sensor_id)', null],
    ]);
    expect([bucket, by]).toEqual(['auto', ['sensor_id']]);
  });

  it('knows percentiles by their hundredths', () => {
    const fractions = ['p01', 'p50', 'p99', 'median'].map(
      (fn) => ask({ field: `${fn}(humidity)` }).fields[0]?.figure,
    );
    expect(fractions).toEqual(
      [0.01, 0.5, 0.99, 0.5].map((fraction) => ({ kind: 'percentile', fraction, column: 'humidity' })),
    );
  });

  it('reads columns as they are, without those that are shown anyway', () => {
    const names = (parameters: SeriesParameters) => ask(parameters).fields.map(({ name }) => name);
    expect(names({})).toEqual(['sensor_id', 'temperature', 'humidity', 'pressure']);
    expect(names({ field: 'time,sensor_id,humidity', by: 'sensor_id' })).toEqual(['humidity']);
    expect(ask({}).bucket).toBe('none');
  });

  it.each([
    [
      'avg(nope)',
      'There is no column "nope"; the columns are time, sensor_id, temperature, humidity, pressure',
    ],
    ['nope', 'There is no column "nope"'],
    ['toString', 'There is no column "toString"'],
    ['avg(__proto__)', 'There is no column "__proto__"'],
    [
      'avg(sensor_id)',
      'sensor_id is of type character varying(50) and has no avg; ask for one of temperature',
    ],
    ['p00(humidity)', 'There is no function "p00"'],
    ['p100(humidity)', 'There is no column "p100(humidity)"'],
    ['pg_sleep(humidity)', 'There is no column "pg_sleep(humidity)"'],
    ['version(humidity)', 'There is no function "version"'],
    ['avg(temperature),temperature', 'not for both'],
    ['avg(temperature),avg( temperature)', 'is given twice'],
    ['avg(temperature),', 'must be a list of 1 to 50 names'],
    ['"temperature"', 'There is no column'],
    ['avg(temperature)) FROM x --', 'There is no column'],
  ])('refuses the field %s', (field, why) => {
    const problem = problemOf(() => ask({ field }));
    expect(problem).toMatch(/^bad-field: /);
    expect(problem).toContain(why);
  });

  it('refuses keys that cannot tell series apart', () => {
    for (const by of ['time', 'temperature', 'nope', '', 'sensor_id,,'])
      expect(problemOf(() => ask({ by }))).toMatch(/^bad-field: /);
    expect(problemOf(() => parseRequest(metric, { by: 'tags' }))).toContain('one of device_id, metric_name');
  });

  it('takes one numeric column where only that makes sense', () => {
    expect(parseNumericColumn(sensorData, 'humidity')).toMatchObject({ column: 'humidity', unit: '%' });
    for (const field of ['humidity,pressure', 'avg(humidity)', 'sensor_id', 'time', 'count'])
      expect(problemOf(() => parseNumericColumn(sensorData, field))).toMatch(
        /^bad-field: .*temperature, humidity, pressure/,
      );
  });

  it.each([
    ['sensor_id=a b', { column: 'sensor_id', operator: '=', values: ['a b'], cast: 'text' }],
    ['sensor_id = =x', { column: 'sensor_id', operator: '=', values: ['=x'], cast: 'text' }],
    ['sensor_id!=', { column: 'sensor_id', operator: '<>', values: [''], cast: 'text' }],
    [
      'temperature >= -1.5e1',
      { column: 'temperature', operator: '>=', values: ['-15'], cast: 'double precision' },
    ],
    ['temperature<3', { column: 'temperature', operator: '<', values: ['3'], cast: 'double precision' }],
    [
      'sensor_id in ["a","b,\\"c"]',
      { column: 'sensor_id', operator: 'in', values: ['a', 'b,"c'], cast: 'text' },
    ],
    [
      'temperature IN[1,2.5]',
      { column: 'temperature', operator: 'in', values: ['1', '2.5'], cast: 'double precision' },
    ],
  ])('reads the condition %s', (text, expected) => {
    expect(parseFilters(sensorData, [text])).toEqual([expected]);
  });

  it('reads conditions on JSON and other types', () => {
    expect(parseFilters(metric, ['tags @> {"k": "v"}'])[0]).toMatchObject({ operator: '@>', cast: 'jsonb' });
    const id = '123e4567-e89b-42d3-a456-426614174000';
    expect(parseFilters(orderMetrics, [`order_id=${id}`, 'total_amount>0.10'])).toMatchObject([
      { values: [id], cast: 'uuid' },
      { values: ['0.10'], cast: 'numeric' },
    ]);
  });

  it.each([
    'temperature',
    'temperature=warm',
    'temperature=NaN',
    'temperature=1e999',
    'temperature=0x10',
    'temperature @> 1',
    'time>2026-01-01',
    'nope=1',
    'sensor_id in a',
    'sensor_id in []',
    'sensor_id in [null]',
    'sensor_id in [["a"]]',
    'temperature in [1e400]',
    'sensor_id=\0',
    '=1',
    'sensor_id;drop=1',
  ])('refuses the condition %j', (text) => {
    expect(problemOf(() => parseFilters(sensorData, [text]))).toMatch(/^bad-filter: /);
  });

  it('refuses values of the wrong type', () => {
    expect(problemOf(() => parseFilters(orderMetrics, ['order_id=7']))).toContain('order_id is of type uuid');
    for (const text of ['tags=1', 'tags @> {k}', 'tags @> {"k":"\\u0000"}', 'tags @>'])
      expect(problemOf(() => parseFilters(metric, [text]))).toMatch(/^bad-filter: /);
  });

  it('knows which columns are left with one value', () => {
    const filters = parseFilters(metric, [
      'device_id=a',
      'metric_name in ["x"]',
      'value in [1,2]',
      'value>3',
    ]);
    expect(boundColumns(filters)).toEqual(['device_id', 'metric_name']);
  });

  it.each([
    ['5m', '5 minutes'],
    ['30s', '30 seconds'],
    ['1h', '1 hour'],
    ['1 hour', '1 hour'],
    ['15 Minutes', '15 minutes'],
    ['1d', '1 day'],
    ['2w', '14 days'],
    ['1mo', '1 month'],
    ['3 months', '3 months'],
    ['1y', '12 months'],
  ])('reads the width %s', (text, expected) => {
    expect(parseWidth('bucket', text)).toEqual(parseDuration(expected as '1 day'));
  });

  it.each(['0h', '-1h', '1', 'h', '1.5h', '1 fortnight', '1h30m', '1001y', '5 ms', '', "1 day'; --"])(
    'refuses the width %j',
    (bucket) => {
      expect(problemOf(() => ask({ field: 'count', bucket }))).toMatch(
        /^bad-bucket: bucket is .*write a whole number/,
      );
    },
  );

  it.each<[SeriesParameters, string]>([
    [{ field: 'count', bucket: 'none' }, 'bad-bucket'],
    [{ field: 'humidity', bucket: '1h' }, 'bad-bucket'],
    [{ field: 'humidity', fill: 'locf' }, 'bad-bucket'],
    [{ field: 'count', fill: 'null', limit: 3 }, 'invalid-request'],
    [{ field: 'humidity', downsample: 'lttb', limit: 3 }, 'invalid-request'],
    [{ field: 'humidity,pressure', downsample: 'lttb' }, 'bad-field'],
    [{ field: 'sensor_id', downsample: 'minmax' }, 'bad-field'],
    [{ field: 'avg(humidity)', downsample: 'minmax' }, 'bad-field'],
  ])('refuses %j', (parameters, problem) => {
    expect(problemOf(() => ask(parameters))).toMatch(new RegExp(`^${problem}: `));
  });

  it.each(['field', 'bucket', 'where', 'by'])('reads a hostile %s in no time', (name) => {
    const table = sensorData;
    const texts = [`avg(${' '.repeat(20_000)}x`, `count(${' '.repeat(20_000)}x`, `${' '.repeat(20_000)}x`];
    // A pattern that backtracks would take days over these.
    for (const text of texts)
      expect(() => parseRequest(table, { [name]: name === 'where' ? [text] : text })).toThrow();
  });

  it.each(['5constructor', '1__proto__', '2toString'])('refuses the bucket %s', (bucket) => {
    expect(() => parseRequest(sensorData, { field: 'count', bucket })).toThrow(
      expect.objectContaining({ problem: 'bad-bucket' }),
    );
  });
});
