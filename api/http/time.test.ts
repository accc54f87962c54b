import { parseRange } from './range';
import { canonicalTime, instantOf, parseTime } from './time';

describe('canonicalTime', () => {
  it.each([
    ['2026-11-20', '2026-11-20T00:00:00Z'],
    ['2026-11-20T11:12', '2026-11-20T11:12:00Z'],
    ['2026-11-20 11:12:13Z', '2026-11-20T11:12:13Z'],
    ['2026-11-20T11:12:13.123456Z', '2026-11-20T11:12:13.123456Z'],
    ['2026-11-20T11:12:13.500Z', '2026-11-20T11:12:13.5Z'],
    ['2026-11-20T11:12:13.1234567Z', '2026-11-20T11:12:13.123456Z'],
    ['2026-11-20T00:30:00+01:00', '2026-11-19T23:30:00Z'],
    ['2026-11-20T23:30:00-0130', '2026-11-21T01:00:00Z'],
    ['2026-11-20T10:00:00+05', '2026-11-20T05:00:00Z'],
    ['2024-02-29', '2024-02-29T00:00:00Z'],
    ['0100-01-01', '0100-01-01T00:00:00Z'],
    ['2016-12-31T23:59:60Z', '2017-01-01T00:00:00Z'],
    ['2017-01-01T00:59:60.25+01:00', '2017-01-01T00:00:00.25Z'],
  ])('reads %s as %s', (text, time) => expect(canonicalTime(text)).toBe(time));

  it.each([
    '',
    'now',
    '2026-02-29',
    '2026-13-01',
    '2026-11-31',
    '2026-11-20T24:00',
    '2026-11-20T11:60',
    '2026-11-20T11:12:60Z',
    '2016-12-31T23:59:61Z',
    '2016-12-31T23:59:60+01:00',
    '9999-12-31T23:59:60Z',
    '0000-01-01',
    '0099-01-01',
    '9999-12-31T23:59:59-01:00',
    '1700000000',
    '2026-11-20T11:12:13.Z',
    '2026-11-20T11:12:13+16:00',
    "2026-11-20'",
  ])('refuses %s', (text) => expect(canonicalTime(text)).toBeUndefined());

  it('leaves what it wrote as it is', () => {
    const time = canonicalTime('2026-11-20T11:12:13.120000+02:00') as string;
    expect(canonicalTime(time)).toBe(time);
  });
});

describe('parseTime', () => {
  it('reads 13 digits as milliseconds since 1970', () => {
    expect(parseTime('from', '1795176000000')).toBe('2026-11-20T12:00:00Z');
    expect(parseTime('to', '1795176000123')).toBe('2026-11-20T12:00:00.123Z');
    expect(parseRange({ from: '1795176000000', to: '2026-11-21' }, '1d')).toEqual({
      from: { time: '2026-11-20T12:00:00Z' },
      to: '2026-11-21T00:00:00Z',
    });
  });

  it.each(['1795176000', '17951760000000', '1795176000000000', '-1795176000000', '1795176000.000'])(
    'refuses %s: it may be in another unit',
    (text) => expect(() => parseTime('from', text)).toThrow('13 digits: milliseconds since 1970'),
  );

  it('names the parameter and the way out', () => {
    expect(() => parseTime('from', 'yesterday')).toThrow(
      'from is "yesterday"; write a time as in RFC 3339, for example from=2026-11-20T12:00:00Z',
    );
  });
});

describe('instantOf', () => {
  it('counts microseconds', () => {
    expect(instantOf('1970-01-01T00:00:01.000001Z')).toBe(1_000_001n);
    expect(instantOf('1969-12-31T23:59:59.5Z')).toBe(-500_000n);
  });
});

describe('parseRange', () => {
  it.each([
    [{}, { from: { back: '1 day' } }],
    [{ period: '2w' }, { from: { back: '2 week' } }],
    [
      { period: '2w', to: '2026-11-20' },
      { from: { back: '2 week' }, to: '2026-11-20T00:00:00Z' },
    ],
    [{ from: '2026-11-20' }, { from: { time: '2026-11-20T00:00:00Z' } }],
    [
      { from: '2026-11-20T00:00:00.000001Z', to: '2026-11-20T00:00:00.000002Z' },
      { from: { time: '2026-11-20T00:00:00.000001Z' }, to: '2026-11-20T00:00:00.000002Z' },
    ],
  ])('reads %j', (given, range) => expect(parseRange(given, '1d')).toEqual(range));

  it.each([
    [{ period: '1x' }, 'bad-period'],
    [{ period: '1d', from: '2026-11-20' }, 'bad-range'],
    [{ from: '2026-11-20', to: '2026-11-20' }, 'bad-range'],
    [{ from: '2026-11-21', to: '2026-11-20' }, 'bad-range'],
    [{ to: 'x' }, 'bad-time'],
  ])('refuses %j', (given, problem) => {
    expect(() => parseRange(given, '1d')).toThrow(expect.objectContaining({ problem }));
  });
});
