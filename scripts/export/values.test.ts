// Times, CSV and NDJSON of single values.
import { csvLine } from './csv';
import { ndjsonLines } from './ndjson';
import { days, microseconds, TYPE, timeText } from './values';

describe('timeText', () => {
  it.each([
    ['2026-11-20 11:11:24.12+00', '2026-11-20T11:11:24.120000Z'],
    ['2026-11-20 11:11:24+00', '2026-11-20T11:11:24.000000Z'],
    ['0001-01-01 00:00:00.000001+00', '0001-01-01T00:00:00.000001Z'],
    ['2026-11-20 11:11:24.123456', '2026-11-20T11:11:24.123456'],
    ['infinity', 'infinity'],
    ['-infinity', '-infinity'],
    ['0044-03-15 12:00:00+00 BC', '0044-03-15 12:00:00+00 BC'],
    ['10000-01-01 00:00:00+00', '10000-01-01 00:00:00+00'],
  ])('writes %s', (text, expected) => expect(timeText(text)).toBe(expected));
});

describe('microseconds', () => {
  it.each(['1970-01-01', '1969-12-31', '2024-02-29', '2000-03-01', '1900-02-28', '9999-12-31'])(
    'counts them up to %s',
    (date) =>
      expect(microseconds(`${date} 23:59:58.000007+00`)).toBe(
        BigInt(Date.parse(`${date}T23:59:58Z`)) * 1_000n + 7n,
      ),
  );

  it('knows the year before the year 1, and no infinity', () => {
    expect(microseconds('0001-12-31 00:00:00+00 BC')).toBe(
      BigInt(Date.parse('0000-12-31T00:00:00Z')) * 1_000n,
    );
    expect(microseconds('infinity')).toBeUndefined();
    expect(days('2024-03-01')).toBe(Date.parse('2024-03-01') / 86_400_000);
    expect(days('-infinity')).toBeUndefined();
  });
});

describe('a line of CSV', () => {
  const line = (...row: readonly (string | null)[]): string =>
    csvLine(
      row.map((_, at) => ({ name: `c${at}`, type: 25 })),
      row,
    );

  it('tells NULL from an empty text', () => expect(line(null, '', null)).toBe(',"",\n'));
  it('quotes what would be read as something else', () =>
    expect(line('a,b', 'a"b', 'a\nb', 'a\rb', '\ufeffa', ' a ', 'ö')).toBe(
      '"a,b","a""b","a\nb","a\rb","\ufeffa", a ,ö\n',
    ));
});

describe('a line of NDJSON', () => {
  const value = (type: number, text: string | null): string =>
    ndjsonLines([{ name: 'v', type }])([text]).slice('{"v":'.length, -'}\n'.length);

  it.each([
    [TYPE.bigint, '9007199254740991', '9007199254740991'],
    [TYPE.bigint, '9007199254740992', '"9007199254740992"'],
    [TYPE.bigint, '-9223372036854775808', '"-9223372036854775808"'],
    [TYPE.double, 'NaN', '"NaN"'],
    [TYPE.double, '-Infinity', '"-Infinity"'],
    [TYPE.double, '1e+20', '1e+20'],
    [TYPE.double, '-0', '-0'],
    [TYPE.numeric, '123456789012.345', '123456789012.345'],
    [TYPE.numeric, '0.1234567890123456', '"0.1234567890123456"'],
    [TYPE.numeric, '0.000000123456789', '0.000000123456789'],
    [TYPE.numeric, 'NaN', '"NaN"'],
    [TYPE.boolean, 't', 'true'],
    [TYPE.jsonb, '{"a": [1, null]}', '{"a": [1, null]}'],
    [TYPE.json, '{"a":\r\n1}', '{"a": 1}'],
    [TYPE.timestamptz, '2026-11-20 11:11:24+00', '"2026-11-20T11:11:24.000000Z"'],
    [25, 'a"\n', '"a\\"\\n"'],
    [25, null, 'null'],
  ])('writes type %d, %s as %s', (type, text, expected) => expect(value(type, text)).toBe(expected));
});
