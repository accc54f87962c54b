import fc from 'fast-check';
import { canonicalTime, instantOf } from '../../http/time';
import { usualTime } from './cells';

describe('usualTime', () => {
  it.each([
    '2026-11-20T12:00:00Z',
    '2026-11-20T12:00:00.5Z',
    '2026-11-20T23:59:59.999999Z',
    '2024-02-29T00:00:00.000001Z',
    '1969-12-31T23:59:59.123456789Z',
  ])('reads %s', (text) => {
    expect(usualTime(text)).toBe(Number(instantOf(canonicalTime(text) ?? '')));
  });

  it.each([
    '2026-02-30T12:00:00Z',
    '2026-11-20T24:00:00Z',
    '2026-11-20T12:60:00Z',
    '2026-11-20T23:59:60Z',
    '2026-11-20T12:00:00.Z',
    '2026-11-20T12:00:00.1234567890Z',
    '2026-11-20T12:00:00+00:00',
    '2026-11-20 12:00:00Z',
    '20261120T12:00:00.00Z',
    '2026-11-20T1 :00:00Z',
    '0099-11-20T12:00:00Z',
    '9999-11-20T12:00:00Z',
    '',
  ])('leaves %j to the converter', (text) => {
    expect(usualTime(text)).toBeUndefined();
  });

  it('is the time that the converter reads, whatever came before', () => {
    const two = fc.integer({ min: 0, max: 62 }).map((n) => String(n).padStart(2, '0'));
    const year = fc.constantFrom('2026', '2024', '1969', '0000', '1600', '2300');
    const fraction = fc.oneof(
      fc.constant(''),
      fc.integer({ min: 0, max: 1e9 }).map((n) => `.${n}`),
    );
    const time = fc
      .tuple(year, two, two, two, two, two, fraction, fc.constantFrom('Z', 'z', '', '+01:00'))
      .map(([y, mo, d, h, mi, s, f, zone]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${zone}`);
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 3 }), (texts) => {
        for (const text of texts) {
          const read = usualTime(text);
          const canonical = canonicalTime(text);
          if (read !== undefined) expect(read).toBe(Number(instantOf(canonical ?? '')));
        }
      }),
      { numRuns: 20_000 },
    );
  });
});
