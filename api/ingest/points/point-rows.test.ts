import { float8, jsonb, text, timestamptz } from '../../../db/language/columns';
import { hypertable } from '../../../db/language/hypertable';
import { sensorData } from '../../../db/schema/iot';
import { sensorData as monitored } from '../../../db/schema/monitoring';
import { sample } from '../../../db/schema/telemetry';
import { lineProtocolPoints, type Precision } from './line-protocol';
import { pointRows } from './point-rows';

const RECEIVED = Date.UTC(2026, 10, 20, 12, 0, 0, 250);
const rows = (
  body: string,
  precision: Precision = 'ns',
  table: Parameters<typeof pointRows>[0] = sensorData,
) => [...lineProtocolPoints(body, precision)].flatMap((sent) => [...pointRows(table, sent, RECEIVED)]);
const timeOf = (line: string, precision: Precision) =>
  (rows(line, precision)[0]?.value as { time?: string } | undefined)?.time;

describe('pointRows', () => {
  it('numbers lines as they stand in the body, without comments and blank lines', () => {
    const body =
      '# made by hand\r\n\r\nsensor_data,sensor_id=a temperature=1 0\r\n\nsensor_data,sensor_id=b temperature=2 0';
    expect(rows(body).map(({ line, source }) => [line, source])).toEqual([
      [3, 'sensor_data,sensor_id=a temperature=1 0'],
      [5, 'sensor_data,sensor_id=b temperature=2 0'],
    ]);
  });

  it.each([
    ['1795176000123456789', 'ns', '2026-11-20T12:00:00.123456Z'],
    ['1795176000123456', 'us', '2026-11-20T12:00:00.123456Z'],
    ['1795176000123', 'ms', '2026-11-20T12:00:00.123Z'],
    ['1795176000', 's', '2026-11-20T12:00:00Z'],
    ['-1', 'ns', '1969-12-31T23:59:59.999999Z'],
    ['-1001', 'us', '1969-12-31T23:59:59.998999Z'],
  ] as const)('reads the time %s in %s', (timestamp, precision, time) => {
    expect(timeOf(`sensor_data,sensor_id=a temperature=1 ${timestamp}`, precision)).toBe(time);
  });

  it('gives lines without a time that of receipt', () => {
    expect(timeOf('sensor_data,sensor_id=a temperature=1', 'ns')).toBe('2026-11-20T12:00:00.250Z');
  });

  it('refuses times that no calendar has', () => {
    expect(rows('sensor_data,sensor_id=a temperature=1 1795176000123456789', 's')[0]?.reason).toMatch(
      /precision/,
    );
  });

  it('reads tags as what their column holds', () => {
    const [row] = rows('sensor_data,sensor_id=7,location=12 temperature=1 0', 'ns', monitored);
    expect(row?.value).toMatchObject({ sensor_id: 7, location: '12' });
  });

  it.each([
    ['sensor_data,sensor_id=a,sensor_id=b temperature=1', /sensor_id is given twice/],
    ['sensor_data,sensor_id=a temperature=1,temperature=2', /temperature is given twice/],
    ['sensor_data,sensor_id=a sensor_id="b"', /sensor_id is given twice/],
    ['sensor_data,sensor_id=a time="2026-11-20"', /end of the line/],
  ])('refuses %s', (line, reason) => {
    expect(rows(line)[0]?.reason).toMatch(reason);
  });

  it('has no trouble with keys that JavaScript gives a meaning', () => {
    const [row] = rows('sensor_data,__proto__=x constructor="y" 0');
    expect(Object.keys(row?.value as object)).toEqual(['__proto__', 'constructor', 'time']);
  });

  it('keeps labels that are named like the columns of what is no label', () => {
    const [row] = rows('diskio,name=sda,value=a,text=b,labels=c,time=d reads=1 0', 'ns', sample);
    expect(row?.value).toEqual({
      time: '1970-01-01T00:00:00Z',
      name: 'diskio_reads',
      value: 1,
      labels: { name: 'sda', value: 'a', text: 'b', labels: 'c', time: 'd' },
    });
  });

  const columns = { time: timestamptz().notNull(), name: text(), temperature: float8(), more: jsonb() };

  it('keeps tags and fields that are named like a column for others', () => {
    const table = hypertable('agents', {
      columns,
      time: 'time',
      chunkInterval: '1 day',
      ingest: { name: 'name', tags: 'more', fields: 'more' },
    });
    const [row] = rows('agents,name=a,host=b temperature=1,more="c" 0', 'ns', table);
    expect(row?.value).toMatchObject({ name: 'agents', more: { name: 'a', host: 'b', more: 'c' } });
  });

  it('refuses such a tag where nothing keeps others', () => {
    const table = hypertable('agents', {
      columns,
      time: 'time',
      chunkInterval: '1 day',
      ingest: { name: 'name' },
    });
    expect(rows('agents,name=a temperature=1 0', 'ns', table)[0]?.reason).toMatch(/ingest\.tags/);
  });
});
