import fc from 'fast-check';
import { canonicalTime } from '../../../api/http/time';
import { certainCheckOf, certainSeriesKey, certainTime, timeOf, unixTime } from './certain-values';

const time = (text: string, utc = true): string | undefined => {
  const bytes = Buffer.from(`,${text},`);
  const micros = certainTime(bytes, 1, bytes.length - 1, utc);
  return Number.isNaN(micros) ? undefined : timeOf(micros);
};
const isCertain = (type: string, text: string): boolean => {
  const bytes = Buffer.from(`9${text}9`);
  return certainCheckOf(type)(bytes, 1, bytes.length - 1);
};

describe('certainTime', () => {
  it('reads times as the API does', () => {
    const two = (most: number) => fc.integer({ min: 0, max: most }).map((n) => String(n).padStart(2, '0'));
    const text = fc
      .tuple(
        fc.integer({ min: 1700, max: 2200 }),
        two(13),
        two(32),
        two(24),
        two(60),
        two(59),
        fc.constantFrom('', '.5', '.000001', '.123456'),
        fc.constantFrom('Z', '', '+00', '+02:30', '-0830', '+14'),
      )
      .map(([y, mo, d, h, mi, s, f, z]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${f}${z}`);
    fc.assert(
      fc.property(text, (written) => {
        const expected = canonicalTime(written);
        const micros = expected && (/\.(\d+)Z$/.exec(expected)?.[1] ?? '').padEnd(6, '0');
        expect(time(written)).toBe(expected && `${expected.slice(0, 19)}.${micros}Z`);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each([
    ['2026-11-20', '2026-11-20T00:00:00.000000Z'],
    ['2026-11-20T12:34', '2026-11-20T12:34:00.000000Z'],
    ['2026-11-20 12:34', '2026-11-20T12:34:00.000000Z'],
  ])('reads %j without seconds as %s', (text, expected) => {
    expect(time(text)).toBe(expected);
    expect(time(text, false)).toBeUndefined();
  });

  it.each([
    '2026-11-2',
    '2026-11-31',
    '2026-11-20T',
    '2026-11-20T12',
    '2026-11-20T24:00',
    '2026-11-20T12:34Z',
    '2026-11-20+02:00',
    '20.11.2026',
    '11/20/2026',
    '2026-11-20T12:00:00.1234567Z',
    '2026-11-20T12:00:00 ',
    'infinity',
    '2026-11-20T12:00:00+2',
    '2026-11-20T1a:00:00Z',
    '2026-11-20T12:00:00+02:',
    '2016-12-31T23:59:60Z',
  ])('leaves %j to the server', (text) => expect(time(text)).toBeUndefined());

  it('leaves times without a zone to the server when they are not in UTC', () => {
    expect(time('2026-11-20T12:00:00', false)).toBeUndefined();
  });
});

describe('certainCheckOf', () => {
  it.each([
    [
      'double precision',
      ['1', '-1.5', '0', '999999999999999'],
      ['', '-', '.', '1.', '.5', '1e3', 'NaN', ' 1', '1 ', '--1', '1.2.3'],
    ],
    ['integer', ['0', '-999999999'], ['', '-', '1000000000', '1.0', '+1', ' 1']],
    ['smallint', ['9999'], ['10000', 'x']],
    ['bigint', ['-999999999999999999'], ['9999999999999999999']],
    ['boolean', ['true', 'f'], ['', 'TRUE', 'yes', 'tr']],
    ['character varying(3)', ['', 'abc'], ['abcd', 'üü']],
    ['jsonb', [], ['{}', '1']],
    ['real', ['0.00000000000000000001', '999999999999999'], ['1e30', 'Infinity']],
    ['numeric', ['0'], ['NaN', '1_0', '0x1']],
  ])('knows values of %s', (type, yes, no) => {
    expect(yes.filter((text) => !isCertain(type, text))).toEqual([]);
    expect(no.filter((text) => isCertain(type, text))).toEqual([]);
  });
});

describe('certainSeriesKey', () => {
  it('knows texts that can name a series, and leaves the others to the check of texts', () => {
    const of = (text: string) => certainSeriesKey(Buffer.from(`,${text},`), 1, 1 + Buffer.byteLength(text));
    expect(['a', ' a', '..a', 'ü1', '-'].filter((text) => !of(text))).toEqual([]);
    expect(['', ' ', '.', '..', '\u00a0', '温度'].filter(of)).toEqual([]);
  });
});

describe('unixTime', () => {
  it.each([
    ['0', 'unix', '1970-01-01T00:00:00.000000Z'],
    ['1763640000.123456', 'unix', '2025-11-20T12:00:00.123456Z'],
    ['-1.5', 'unix', '1969-12-31T23:59:58.500000Z'],
    ['1763640000123', 'unix-ms', '2025-11-20T12:00:00.123000Z'],
    ['1763640000123456', 'unix-us', '2025-11-20T12:00:00.123456Z'],
    ['1763640000123456789', 'unix-ns', '2025-11-20T12:00:00.123456Z'],
  ] as const)('reads %s as %s', (text, format, expected) => expect(unixTime(text, format)).toBe(expected));

  it.each(['', 'x', '1e9', '2025-11-20', '99999999999999999999'])('refuses %j', (text) =>
    expect(unixTime(text, 'unix')).toBeUndefined(),
  );
});
