import fc from 'fast-check';
import { parseJson as sent } from '../../db/core/exact-json';
import { bareValue, converterOf, shown } from './converters';

const convert = (type: string, value: unknown) => {
  const converted = converterOf(type)(value);
  return typeof converted === 'string' ? converted : null;
};
const deep = (levels: number): unknown => JSON.parse(`${'['.repeat(levels)}${']'.repeat(levels)}`);

describe('converterOf', () => {
  it.each<[string, unknown, string]>([
    ['timestamp with time zone', '2026-10-25T02:30:00.123456+02:00', '2026-10-25T00:30:00.123456Z'],
    ['timestamp with time zone', '2026-10-25T02:30:00.123456+01:00', '2026-10-25T01:30:00.123456Z'],
    ['timestamp with time zone', '2026-11-20', '2026-11-20T00:00:00Z'],
    ['timestamp with time zone', '2024-02-29T23:59:59-0930', '2024-03-01T09:29:59Z'],
    ['text', '', ''],
    ['text', '🌡 温度\n\t', '🌡 温度\n\t'],
    ['character varying(3)', '🌡🌡🌡', '🌡🌡🌡'],
    ['smallint', -32_768, '-32768'],
    ['integer', 2_147_483_647, '2147483647'],
    ['integer', 1e3, '1000'],
    ['bigint', 9_007_199_254_740_991, '9007199254740991'],
    ['bigint', '9223372036854775807', '9223372036854775807'],
    ['bigint', '-9223372036854775808', '-9223372036854775808'],
    ['double precision', 1e140, '1e+140'],
    ['double precision', -1e-290, '-1e-290'],
    ['double precision', sent('9007199254740992'), '9007199254740992'],
    ['double precision', sent('18446744073709551616'), '18446744073709552000'],
    ['double precision', sent('0.1000000000000000055511151231257827'), '0.1'],
    ['double precision', -0.1, '-0.1'],
    ['real', 0, '0'],
    ['real', 1e25, '1e+25'],
    ['bigint', sent('9007199254740993'), '9007199254740993'],
    ['numeric', sent('12345678901234567890.123456789'), '12345678901234567890.123456789'],
    ['numeric', sent('9007199254740993'), '9007199254740993'],
    ['numeric', '1e-290', '1e-290'],
    ['numeric', '12345678901234567890.123456789', '12345678901234567890.123456789'],
    ['numeric', 0.1, '0.1'],
    ['boolean', true, 'true'],
    ['uuid', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'],
    ['inet', '10.0.0.1', '10.0.0.1'],
    ['inet', '::1/64', '::1/64'],
    ['date', '2024-02-29', '2024-02-29'],
    ['point', [1.5, -2], '(1.5,-2)'],
    ['jsonb', { a: [1, null, 'x'] }, '{"a":[1,null,"x"]}'],
    ['jsonb', 'text', '"text"'],
    ['jsonb', 'a literal \\u0000', '"a literal \\\\u0000"'],
    ['jsonb', sent('{"n":[9007199254740993,1e300,0.1]}'), '{"n":[9007199254740993,1e+300,0.1]}'],
    ['jsonb', sent('{"__proto__":9007199254740993}'), '{"__proto__":9007199254740993}'],
  ])('makes %s of %j', (type, value, text) => {
    expect(convert(type, value)).toBe(text);
  });

  it.each<[string, unknown]>([
    ['timestamp with time zone', 1_795_176_000],
    ['timestamp with time zone', 'yesterday'],
    ['timestamp with time zone', 'now'],
    ['timestamp with time zone', 'infinity'],
    ['timestamp with time zone', '2026-02-29T00:00:00Z'],
    ['timestamp with time zone', '2026-11-20T24:00:00Z'],
    ['timestamp with time zone', ''],
    ['text', 5],
    ['text', 'a\0b'],
    ['text', 'half \ud83d'],
    ['text', '\udf21\ud83c'],
    ['character varying(3)', 'four'],
    ['character varying(3)', 'abc '],
    ['smallint', 32_768],
    ['integer', 2_147_483_648],
    ['integer', 1.5],
    ['integer', sent('3.0000000000000000001')],
    ['integer', '5'],
    ['integer', true],
    ['bigint', 9_007_199_254_740_992],
    ['bigint', '9223372036854775808'],
    ['bigint', '1.0'],
    ['bigint', ''],
    ['double precision', '21.5'],
    ['double precision', 1.7976931348623157e308],
    ['double precision', -1.1e140],
    ['double precision', 5e-324],
    ['double precision', sent('1e-400')],
    ['double precision', sent('9007199254740993')],
    ['double precision', '18446744073709551615'],
    ['double precision', Number.NaN],
    ['real', 3.4e38],
    ['real', sent('9007199254740993')],
    ['numeric', Number.NaN],
    ['numeric', '1e141'],
    ['numeric', '1e-400'],
    ['numeric', sent('1e400')],
    ['double precision', Number.POSITIVE_INFINITY],
    ['double precision', 'NaN'],
    ['double precision', [1]],
    ['real', 1e39],
    ['real', 1e-60],
    ['numeric', 'NaN'],
    ['numeric', '1e99999'],
    ['numeric', ' 1'],
    ['numeric', '1'.repeat(1_001)],
    ['boolean', 'true'],
    ['boolean', 1],
    ['uuid', 'a0eebc99'],
    ['uuid', '{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}x'],
    ['inet', '10.0.0.256'],
    ['inet', '10.0.0.1/33'],
    ['inet', 'fe80::1%eth0'],
    ['inet', '10.0.0.1/8/8'],
    ['date', '2026-02-29'],
    ['date', '2026-11-20T00:00:00Z'],
    ['point', [1]],
    ['point', [1, 'x']],
    ['point', '(1,2)'],
    ['jsonb', { a: 'x\0' }],
    ['jsonb', { 'k\0': 1 }],
    ['jsonb', ['\ud800']],
    ['jsonb', JSON.parse('[1e400]')],
    ['jsonb', sent('[1e400]')],
    ['jsonb', deep(600)],
  ])('refuses for %s the value %j', (type, value) => {
    expect(convert(type, value)).toBeNull();
  });

  it('survives JSON that is nested as deep as a body allows', () => {
    expect(convert('jsonb', deep(100_000))).toBeNull();
    expect(convert('double precision', deep(100_000))).toBeNull();
  });

  it('either refuses a value or writes a text without NUL, for any JSON', () => {
    const types = ['text', 'jsonb', 'double precision', 'integer', 'bigint', 'numeric', 'point', 'inet'];
    fc.assert(
      fc.property(fc.constantFrom(...types), fc.jsonValue(), (type, value) => {
        const converted = converterOf(type)(value);
        return typeof converted === 'string' ? !converted.includes('\0') : converted.reason.length > 0;
      }),
    );
  });

  it('knows every type of the schema language', () => {
    expect(() => converterOf('money')).toThrow('money');
  });
});

describe('reasons', () => {
  it.each<[string, unknown, string]>([
    [
      'double precision',
      1.7e308,
      'is 1.7e+308, and sums and averages can only carry 0 and numbers of a size from 1e-290 to 1e+140',
    ],
    [
      'double precision',
      '18446744073709551615',
      'is the whole number 18446744073709551615, which a column of type double precision would change to 18446744073709551616; send it to a column of type bigint or numeric',
    ],
    ['double precision', sent('1e400'), 'is 1e400, and sums and averages'],
    [
      'integer',
      sent('9007199254740993'),
      'must be a whole number from -2147483648 to 2147483647, got 9007199254740993',
    ],
    ['numeric', Number.NaN, 'must be a finite number, got NaN'],
  ])('tells for %s why %j is refused', (type, value, reason) => {
    expect(converterOf(type)(value)).toEqual({ reason: expect.stringContaining(reason) });
  });
});

describe('bareValue', () => {
  it('reads numbers and booleans only where the column has them', () => {
    expect(bareValue('integer', '7')).toBe(7);
    expect(bareValue('integer', '7x')).toBe('7x');
    expect(bareValue('bigint', '9007199254740993')).toBe('9007199254740993');
    expect(bareValue('text', '7')).toBe('7');
    expect(bareValue('boolean', 'true')).toBe(true);
  });
});

describe('shown', () => {
  it('cuts long texts and escapes what cannot be stored', () => {
    expect(shown('x'.repeat(100))).toBe(`"${'x'.repeat(60)}"…`);
    expect(shown(`\0${'x'.repeat(58)}🌡`)).not.toMatch(/\0|[\uD800-\uDFFF]/u);
  });
});
