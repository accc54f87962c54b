import { describeTiming } from './raw-vs-aggregate';

it.each([
  [
    { rawMs: 65.64, aggregateMs: 1, buckets: 720 },
    '720 hourly buckets: 65.6 ms from raw rows, 1.0 ms',
    '65.6× faster',
  ],
  [
    { rawMs: 0.6, aggregateMs: 1, buckets: 1 },
    '1 hourly bucket: 0.6 ms from raw rows, 1.0 ms',
    '1.67× slower',
  ],
  [{ rawMs: 1, aggregateMs: 1, buckets: 2 }, '2 hourly buckets: 1.0 ms from raw rows, 1.0 ms', 'as fast'],
  [
    { rawMs: 1, aggregateMs: 0, buckets: 2 },
    '2 hourly buckets: 1.0 ms from raw rows, 0.0 ms',
    'too fast to measure',
  ],
])('says of %j which side is faster', (timing, times, compared) => {
  expect(describeTiming(timing)).toBe(`raw vs hourly  ${times} from the aggregate (${compared})`);
});
