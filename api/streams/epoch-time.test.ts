import fc from 'fast-check';
import { instantOf, timeText } from '../http/time';
import { timeOfNumber } from './epoch-time';

describe('timeOfNumber', () => {
  it.each([
    ['1795176000', 's', '2026-11-20T12:00:00Z'],
    ['1795176000.25', 's', '2026-11-20T12:00:00.25Z'],
    ['1795176000.123456789', 's', '2026-11-20T12:00:00.123456Z'],
    ['1795176000123', 'ms', '2026-11-20T12:00:00.123Z'],
    ['1795176000123.456', 'ms', '2026-11-20T12:00:00.123456Z'],
    ['1.795176e12', 'ms', '2026-11-20T12:00:00Z'],
    ['1795176000123456', 'us', '2026-11-20T12:00:00.123456Z'],
    ['1795176000123456.9', 'us', '2026-11-20T12:00:00.123456Z'],
    ['1795176000123456789', 'ns', '2026-11-20T12:00:00.123456Z'],
    ['0', 'ns', '1970-01-01T00:00:00Z'],
    ['-1', 's', '1969-12-31T23:59:59Z'],
    ['-0.5', 's', '1969-12-31T23:59:59.5Z'],
    ['-1e-7', 's', '1969-12-31T23:59:59.999999Z'],
    ['-0.0000011', 's', '1969-12-31T23:59:59.999998Z'],
    ['1e-7', 's', '1970-01-01T00:00:00Z'],
    ['253402300799', 's', '9999-12-31T23:59:59Z'],
  ] as const)('reads %s %s as %s', (number, unit, time) => {
    expect(new Date(timeOfNumber(number, unit) ?? '')).toEqual(new Date(time));
    expect(instantOf(timeOfNumber(number, unit) ?? '')).toBe(instantOf(time));
  });

  it.each(['', 'x', '1e', '1795176000 ', '9e99', '1e9999', '99999999999999999999', '-Infinity', '0x10'])(
    'does not read %j',
    (text) => {
      expect(timeOfNumber(text, 's')).toBeUndefined();
    },
  );

  it('keeps every microsecond in every unit', () => {
    const microseconds = fc.bigInt({ min: -59_000_000_000_000_000n, max: 250_000_000_000_000_000n });
    const scales = { s: 6, ms: 3, us: 0 } as const;
    fc.assert(
      fc.property(microseconds, fc.constantFrom('s', 'ms', 'us'), (at, unit) => {
        const digits = String(at < 0n ? -at : at).padStart(7, '0');
        const point = digits.length - scales[unit];
        const number = `${at < 0n ? '-' : ''}${digits.slice(0, point)}.${digits.slice(point)}`.replace(
          /\.$/,
          '',
        );
        expect(instantOf(timeOfNumber(number, unit) ?? '')).toBe(instantOf(timeText(at)));
      }),
      { numRuns: 2_000 },
    );
  });
});
