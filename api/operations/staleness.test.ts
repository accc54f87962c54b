import { sensorDataDaily, sensorDataHourly, sensorDataMonthly } from '../../db/schema/iot';
import { lagOf } from './staleness';

const NOW = new Date('2026-03-31T12:00:00Z');
const HOUR = 3_600;
const DAY = 24 * HOUR;
const ago = (seconds: number) => new Date(NOW.getTime() - seconds * 1_000).toISOString();

describe('the lag of an aggregate', () => {
  // End offset + 2 schedules + bucket, as declared in set iot; a month counts as 31 days.
  it.each([
    ['hourly', sensorDataHourly, (1 + 2 + 1) * HOUR],
    ['daily', sensorDataDaily, (1 + 2 + 1) * DAY],
    ['monthly', sensorDataMonthly, (1 + 2 + 31) * DAY],
  ])('turns %s figures stale after their window, two schedules and a bucket', (_, aggregate, allowed) => {
    expect(lagOf(aggregate, ago(allowed), NOW)).toEqual({ ageSeconds: allowed, state: 'fresh' });
    expect(lagOf(aggregate, ago(allowed + 1), NOW)).toEqual({ ageSeconds: allowed + 1, state: 'stale' });
  });

  it('is never while no complete bucket is stored', () => {
    expect(lagOf(sensorDataHourly, null, NOW)).toEqual({ ageSeconds: null, state: 'never' });
  });

  it('is none while the bucket that is stored still fills', () => {
    expect(lagOf(sensorDataMonthly, '2026-04-01T00:00:00Z', NOW)).toEqual({ ageSeconds: 0, state: 'fresh' });
  });
});
