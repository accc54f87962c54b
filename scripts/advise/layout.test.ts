import type { Columnstore } from '../../db/language/hypertable';
import { desc } from '../../db/language/indexes';
import { sensorData } from '../../db/schema/iot';
import { metricsHourly } from '../../db/schema/metrics';
import { declarationLines, describeOrder, keyOf, type Layout } from './layout';

const declared = sensorData.columnstore as Columnstore;
const now: Layout = { segmentBy: ['sensor_id'], orderBy: [desc('time')], chunkInterval: '1 day' };

it('writes only the lines that change, as they stand in a declaration', () => {
  expect(declarationLines(sensorData, declared, now, now)).toEqual([]);
  expect(declarationLines(sensorData, declared, now, { ...now, chunkInterval: '7 days' })).toEqual([
    "chunkInterval: '7 days',",
  ]);
  const other: Layout = {
    segmentBy: ['a', 'b'],
    orderBy: [{ column: 'c', descending: false }, desc('time')],
    chunkInterval: '7 days',
  };
  expect(declarationLines(sensorData, { ...declared, acceptLateRows: true }, now, other)).toEqual([
    "chunkInterval: '7 days',",
    "columnstore: { segmentBy: ['a', 'b'], orderBy: [{ column: 'c', descending: false }, desc('time')], after: '7 days', acceptLateRows: true },",
  ]);
  expect(declarationLines(metricsHourly, declared, now, { ...now, chunkInterval: '7 days' })).toEqual([]);
});

it('describes an order, and tells layouts that store the same from others', () => {
  expect(describeOrder([{ column: 'c', descending: false }, desc('time')])).toBe('c, time DESC');
  expect(keyOf({ ...now, segmentBy: ['a', 'b'] })).toBe(keyOf({ ...now, segmentBy: ['b', 'a'] }));
  expect(keyOf({ ...now, chunkInterval: '2 days' })).not.toBe(keyOf(now));
});
