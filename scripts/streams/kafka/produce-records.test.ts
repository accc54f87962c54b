// Sample records: the same for the same seed and end, in the order of their times, never in the future, broken as often as asked.
import { float8, timestamptz } from '../../../db/language/columns';
import { hypertable } from '../../../db/language/hypertable';
import { stream } from '../../../db/language/stream';
import { businessStreams } from '../../../db/schema/business';
import { sensorData } from '../../../db/schema/iot';
import { sampleRecords } from './produce-records';

const to = new Date('2026-11-08T00:00:00Z');
const options = { seed: 1, to, poison: 0 };

function first(count: number, records: ReturnType<typeof sampleRecords>) {
  return Array.from({ length: count }, () => records.next().value);
}

describe('sample records', () => {
  const records = first(3_000, sampleRecords(businessStreams, options));

  it('are the same for the same seed, and others for another', () => {
    expect(first(3_000, sampleRecords(businessStreams, options))).toEqual(records);
    expect(first(1, sampleRecords(businessStreams, { ...options, seed: 2 }))).not.toEqual(
      records.slice(0, 1),
    );
  });

  it('are of every topic, with customers as keys, in the order of their times', () => {
    expect(new Set(records.map(({ topic }) => topic))).toEqual(
      new Set(['bss.customer.metrics', 'bss.order.metrics', 'bss.payment.metrics']),
    );
    const values = records.map(({ value }) => JSON.parse(value) as { time: string; customer_id: string });
    expect(values.map(({ customer_id }) => customer_id)).toEqual(records.map(({ key }) => key));
    const times = values.map(({ time }) => time);
    expect(times).toEqual([...times].sort());
    expect((times[0] ?? '') >= '2026-11-01').toBe(true);
  });

  it('begin again with other customers when the days before the end are through', () => {
    const many = first(40_000, sampleRecords(businessStreams.slice(0, 1), options));
    const times = many.map(({ value }) => (JSON.parse(value) as { time: string }).time);
    expect(times.filter((time) => time >= to.toISOString())).toEqual([]);
    expect(new Set(many.map(({ key }) => key)).size).toBe(1_000);
  });

  it('are broken as often as asked, in every way', () => {
    const some = first(10_000, sampleRecords(businessStreams, { ...options, poison: 1 }));
    const broken = some.filter(({ isPoison }) => isPoison);
    expect(broken.length).toBe(100);
    expect(broken.filter(({ value }) => value.startsWith('{{')).length).toBe(25);
    expect(broken.filter(({ value }) => value.includes('no_such_column')).length).toBe(25);
    expect(some.filter(({ isPoison, value }) => !isPoison && /^\{\{|no_such|1e999/.test(value))).toEqual([]);
  });

  it('exist for tables with sample data only', () => {
    expect(first(1, sampleRecords([stream('sensors', sensorData)], options))[0]).toMatchObject({
      topic: 'sensors',
      key: 'sensor_001',
    });
    const own = hypertable('own', {
      columns: { time: timestamptz().notNull(), value: float8() },
      time: 'time',
      chunkInterval: '1 day',
    });
    expect(() => sampleRecords([stream('own', own)], options)).toThrow(
      /no sample data for public.own, the table of topic own; name other topics with --topic/,
    );
  });
});
