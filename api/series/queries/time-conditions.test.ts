import fc from 'fast-check';
import { parseDuration } from '../../../db/language/interval';
import { statement } from '../../database/statement';
import { parsePeriod } from '../../http/durations';
import type { TimeRange } from '../../http/range';
import { instantOf } from '../../http/time';
import { before, bucketStart } from '../calendar';
import { type Bucket, rangeConditions } from './time-conditions';

const HOUR = 3_600_000_000n;
const REACHED = instantOf('2026-03-31T12:00:00Z');
const width = (text: string, unit: Bucket['unit']): Bucket => ({ width: parseDuration(text), unit });

const conditionsOf = (range: TimeRange, bucket?: Bucket, reached = REACHED) =>
  statement((bind) => rangeConditions(range, { column: '"t"', bucket, reached }, bind).join(' AND '));

describe('a range as conditions', () => {
  it('has constants where the request has both ends', () => {
    expect(conditionsOf({ from: { time: '2026-03-01T10:20:00Z' }, to: '2026-03-02T00:00:00Z' })).toEqual({
      sql: '"t" >= $2::timestamptz AND "t" < $1::timestamptz',
      values: ['2026-03-02T00:00:00Z', '2026-03-01T10:20:00Z'],
    });
  });

  it('begins with the bucket that holds its start', () => {
    const start = (bucket: Bucket) =>
      conditionsOf({ from: { time: '2026-03-11T10:20:00Z' } }, bucket).values[0];
    expect(start(width('1 hour', 'hour'))).toBe('2026-03-11T10:00:00Z');
    expect(start(width('1 day', 'day'))).toBe('2026-03-11T00:00:00Z');
    expect(start(width('1 month', 'month'))).toBe('2026-03-01T00:00:00Z');
  });

  it('leaves it to the database what is now, with a constant beside it', () => {
    expect(conditionsOf({ from: { back: '1 day' } })).toEqual({
      sql: '"t" >= $2::timestamptz AND "t" >= now() - $1::interval',
      values: ['1 day', '2026-03-29T11:00:00Z'],
    });
    expect(conditionsOf({ from: { back: '1 month' } }, width('1 day', 'day'))).toEqual({
      sql: `"t" >= $2::timestamptz AND "t" >= date_trunc('day', now() - $1::interval)`,
      values: ['1 month', '2026-02-27T00:00:00Z'],
    });
  });

  it('counts back from an end by the calendar', () => {
    expect(conditionsOf({ from: { back: '1 month' }, to: '2026-03-31T12:00:00Z' })).toEqual({
      sql: '"t" >= $3::timestamptz AND "t" >= $1::timestamptz - $2::interval AND "t" < $1::timestamptz',
      values: ['2026-03-31T12:00:00Z', '1 month', '2026-02-28T12:00:00Z'],
    });
  });

  it('has no constant before the first year that rows are expected in', () => {
    expect(conditionsOf({ from: { back: '4000 year' } }).sql).toBe('"t" >= now() - $1::interval');
  });

  it('never begins before its constant, also when the clock of the database is set back by an hour', () => {
    const instants = fc
      .integer({ min: Date.parse('2019-01-01'), max: Date.parse('2029-01-01') })
      .map((ms) => BigInt(ms) * 1_000n);
    const periods = fc
      .tuple(fc.integer({ min: 1, max: 40 }), fc.constantFrom('h', 'd', 'w', 'm', 'y'))
      .map(([count, unit]) => `${count}${unit}`);
    const buckets = fc.constantFrom(
      undefined,
      width('1 hour', 'hour'),
      width('1 day', 'day'),
      width('1 month', 'month'),
    );
    const passed = fc.bigInt({ min: -HOUR, max: 100n * 24n * HOUR });
    fc.assert(
      fc.property(instants, passed, periods, buckets, (reached, since, period, bucket) => {
        const back = parsePeriod(period);
        const start = before(reached + since, parseDuration(back));
        const exact = bucket === undefined ? start : bucketStart(bucket.width, start);
        const [, constant] = conditionsOf({ from: { back } }, bucket, reached).values;
        expect(instantOf(String(constant))).toBeLessThanOrEqual(exact);
        // It is near enough to leave out all other chunks.
        if (since === 0n && bucket === undefined)
          expect(instantOf(String(constant))).toBeGreaterThan(start - 120n * HOUR);
      }),
      { numRuns: 2_000 },
    );
  });
});
