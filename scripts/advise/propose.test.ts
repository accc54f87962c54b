// The search without a server: figures of layouts go in, the proposal comes out.
import { desc } from '../../db/language/indexes';
import { sensorData } from '../../db/schema/iot';
import type { Layout } from './layout';
import { propose } from './propose';
import type { Sample } from './sample';
import type { Trial } from './trial';

const sample: Sample = {
  rows: 100_000,
  from: '2026-01-01T00:00:00Z',
  to: '2026-03-01T00:00:00Z',
  chunkInterval: '1 day',
  groups: new Map([
    ['sensor_id', 10],
    ['kind', 4],
    ['constant', 1],
    ['request', 90_000],
  ]),
};
const declared: Layout = { segmentBy: [], orderBy: [desc('time')], chunkInterval: '1 day' };
const attempt =
  (bytes: (layout: Layout) => number, reads: (layout: Layout) => number = () => 0) =>
  async (layout: Layout): Promise<Trial> => ({
    layout,
    chunks: 10,
    complete: true,
    rows: 100_000,
    rowBytes: 100,
    columnBytes: bytes(layout),
    readBytes: reads(layout),
  });
const best = async (...of: Parameters<typeof attempt>): Promise<Layout> =>
  (await propose(sensorData, declared, sample, attempt(...of))).best.layout;

it('keeps the declared layout unless another one is clearly better', async () => {
  expect(await best(({ segmentBy }) => (segmentBy.length === 0 ? 20 : 19.5))).toEqual(declared);
  expect(await best(({ segmentBy }) => (segmentBy.includes('kind') ? 15 : 20))).toMatchObject({
    segmentBy: ['kind'],
  });
});

it('finds columns that only help together, and never tries one value or nearly as many as rows', async () => {
  const tried: string[] = [];
  const together = await best(({ segmentBy }) => {
    tried.push(...segmentBy);
    return segmentBy.includes('kind') && segmentBy.includes('sensor_id') ? 10 : 20 + segmentBy.length;
  });
  expect([...together.segmentBy].sort()).toEqual(['kind', 'sensor_id']);
  expect(new Set(tried)).toEqual(new Set(['kind', 'sensor_id']));
});

it('proposes nothing that reads clearly more for one series', async () => {
  const small = ({ segmentBy }: Layout): number => (segmentBy.length > 0 ? 5 : 20);
  expect(await best(small, ({ segmentBy }) => (segmentBy.length > 0 ? 1_000_000 : 100_000))).toEqual(
    declared,
  );
});

it('makes chunks longer only for five percent of the rows, and no longer than it pays', async () => {
  const byLength =
    (figures: Readonly<Record<string, number>>) =>
    ({ chunkInterval }: Layout): number =>
      figures[chunkInterval] ?? 30;
  expect(await best(byLength({ '1 day': 14, '7 days': 10, '14 days': 9.5 }))).toEqual(declared);
  expect(await best(byLength({ '1 day': 30, '7 days': 10.5, '14 days': 10 }))).toMatchObject({
    chunkInterval: '7 days',
  });
  // Retention is 90 days, and chunks longer than a quarter of it are not tried.
  expect(await best(byLength({ '30 days': 1, '90 days': 1 }))).toEqual(declared);
});
