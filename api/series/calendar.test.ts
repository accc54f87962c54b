import { parseDuration } from '../../db/language/interval';
import { instantOf, timeText } from '../http/time';
import { before, bucketCount, bucketEnd, bucketStart, isWholeMultiple, nextBucket } from './calendar';

const width = parseDuration;
const at = instantOf;

describe('calendar', () => {
  it.each([
    ['1 hour', '2026-11-20T11:11:24.5Z', '2026-11-20T11:00:00Z', '2026-11-20T12:00:00Z'],
    ['1 week', '2026-11-20T11:11:24Z', '2026-11-16T00:00:00Z', '2026-11-23T00:00:00Z'],
    ['1 week', '1969-07-20T20:17:40Z', '1969-07-14T00:00:00Z', '1969-07-21T00:00:00Z'],
    ['36 hours', '2000-01-04T13:00:00Z', '2000-01-04T12:00:00Z', '2000-01-06T00:00:00Z'],
    ['1 month', '2024-02-29T23:59:59.999999Z', '2024-02-01T00:00:00Z', '2024-03-01T00:00:00Z'],
    ['3 months', '1999-12-31T00:00:00Z', '1999-10-01T00:00:00Z', '2000-01-01T00:00:00Z'],
    ['1 year', '2026-11-20T00:00:00Z', '2026-01-01T00:00:00Z', '2027-01-01T00:00:00Z'],
  ])('cuts buckets of %s: %s lies in %s to %s', (text, time, start, end) => {
    expect(timeText(bucketStart(width(text), at(time)))).toBe(start);
    expect(timeText(bucketEnd(width(text), at(time)))).toBe(end);
    expect(timeText(bucketEnd(width(text), at(start)))).toBe(start);
    expect(timeText(nextBucket(width(text), at(start)))).toBe(end);
  });

  it.each([
    ['2026-03-31T12:00:00Z', '1 month', '2026-02-28T12:00:00Z'],
    ['2024-03-31T12:00:00.000001Z', '1 month', '2024-02-29T12:00:00.000001Z'],
    ['2026-01-15T00:00:00Z', '13 months', '2024-12-15T00:00:00Z'],
    ['2024-02-29T00:00:00Z', '1 year', '2023-02-28T00:00:00Z'],
    ['2026-01-01T00:00:00Z', '90 minutes', '2025-12-31T22:30:00Z'],
    ['2026-01-01T00:00:00Z', '1 week', '2025-12-25T00:00:00Z'],
  ])('%s less %s is %s', (time, interval, expected) => {
    expect(timeText(before(at(time), width(interval)))).toBe(expected);
  });

  it('counts the buckets that a range touches', () => {
    const count = (text: string, from: string, to: string) => bucketCount(width(text), at(from), at(to));
    expect(count('1 hour', '2026-01-01T00:30:00Z', '2026-01-01T02:00:00Z')).toBe(2);
    expect(count('1 hour', '2026-01-01T00:30:00Z', '2026-01-01T02:00:00.000001Z')).toBe(3);
    expect(count('1 month', '2025-11-30T00:00:00Z', '2026-02-01T00:00:00Z')).toBe(3);
    expect(count('1 year', '0100-01-01T00:00:00Z', '9999-12-31T00:00:00Z')).toBe(9_900);
  });

  it.each([
    ['1 hour', '5 minutes', true],
    ['1 day', '1 hour', true],
    ['1 week', '1 day', true],
    ['1 month', '1 day', true],
    ['1 month', '1 hour', true],
    ['1 year', '1 month', true],
    ['36 hours', '12 hours', true],
    ['1 hour', '1 hour', true],
    ['1 month', '1 week', false],
    ['1 month', '36 hours', false],
    ['1 month', '5 hours', false],
    ['60 days', '1 month', false],
    ['5 months', '3 months', false],
    ['7 hours', '2 hours', false],
    ['1 hour', '1 day', false],
  ])('whether %s is made of whole %s: %s', (coarse, fine, expected) => {
    expect(isWholeMultiple(width(coarse), width(fine))).toBe(expected);
  });

  it('writes times as rows carry them', () => {
    for (const time of ['0100-01-01T00:00:00Z', '1969-12-31T23:59:59.9Z', '2026-11-20T11:11:24.123456Z'])
      expect(timeText(at(time))).toBe(time);
    expect(timeText(at('9999-12-31T23:59:59.999999Z') + 1n)).toBe('9999-12-31T23:59:59.999999Z');
  });
});
