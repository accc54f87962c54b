// Local buckets against known answers, and against a clock that is read instant by instant.
import fc from 'fast-check';
import { parseWidth } from '../../http/durations';
import { instantOf, timeText } from '../../http/time';
import { areMadeOf, areSingle, bucketsOver, countOf, startsOf } from '../buckets';
import { resolveRange } from '../request/ranges';
import { zoneNamed } from './zones';

const buckets = (width: string, zone: string, from: string, to: string) =>
  bucketsOver(parseWidth('bucket', width), { from: instantOf(from), to: instantOf(to) }, zoneNamed(zone));
const starts = (...asked: Parameters<typeof buckets>) => startsOf(buckets(...asked)).map(timeText);

describe('zones', () => {
  it('refuses what is not the name of a zone', () => {
    for (const name of ['Mars/Base', '', '+05:30', 'Europe/Berlin2', ' UTC'])
      expect(() => zoneNamed(name)).toThrow(expect.objectContaining({ problem: 'bad-zone' }));
    expect(zoneNamed('europe/berlin').name).toBe('europe/berlin');
  });

  it.each<[string, string, string, string, readonly string[]]>([
    // 23 and 25 hours.
    [
      '1d',
      'Europe/Berlin',
      '2026-03-28T12:00:00Z',
      '2026-03-30T12:00:00Z',
      ['2026-03-27T23:00:00Z', '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z'],
    ],
    [
      '1d',
      'Europe/Berlin',
      '2026-10-24T12:00:00Z',
      '2026-10-26T12:00:00Z',
      ['2026-10-23T22:00:00Z', '2026-10-24T22:00:00Z', '2026-10-25T23:00:00Z'],
    ],
    [
      '1w',
      'Europe/Berlin',
      '2026-03-20T12:00:00Z',
      '2026-04-04T18:00:00Z',
      ['2026-03-15T23:00:00Z', '2026-03-22T23:00:00Z', '2026-03-29T22:00:00Z'],
    ],
    [
      '1mo',
      'Europe/Berlin',
      '2026-03-20T12:00:00Z',
      '2026-04-04T18:00:00Z',
      ['2026-02-28T23:00:00Z', '2026-03-31T22:00:00Z'],
    ],
    [
      '1y',
      'Europe/Berlin',
      '2025-03-20T12:00:00Z',
      '2026-04-04T18:00:00Z',
      ['2024-12-31T23:00:00Z', '2025-12-31T23:00:00Z'],
    ],
    // Midnight of 2018-11-04 does not exist in São Paulo: the day begins at 01:00.
    [
      '1d',
      'America/Sao_Paulo',
      '2018-11-03T12:00:00Z',
      '2018-11-05T12:00:00Z',
      ['2018-11-03T03:00:00Z', '2018-11-04T03:00:00Z', '2018-11-05T02:00:00Z'],
    ],
    // Apia has no 2011-12-30.
    [
      '1d',
      'Pacific/Apia',
      '2011-12-29T12:00:00Z',
      '2011-12-31T12:00:00Z',
      ['2011-12-29T10:00:00Z', '2011-12-30T10:00:00Z', '2011-12-31T10:00:00Z'],
    ],
    // The clocks of St John's went back at 00:01, so Sunday began twice: the first time counts.
    [
      '1d',
      'America/St_Johns',
      '2006-10-28T12:00:00Z',
      '2006-10-30T12:00:00Z',
      ['2006-10-28T02:30:00Z', '2006-10-29T02:30:00Z', '2006-10-30T03:30:00Z'],
    ],
    // An hour stays an hour, and the bucket of six hours in which the clocks change has seven.
    [
      '1h',
      'Europe/Berlin',
      '2026-10-25T00:00:00Z',
      '2026-10-25T02:00:00Z',
      ['2026-10-25T00:00:00Z', '2026-10-25T01:00:00Z'],
    ],
    [
      '6h',
      'Europe/Berlin',
      '2026-10-24T22:00:00Z',
      '2026-10-25T06:00:00Z',
      ['2026-10-24T22:00:00Z', '2026-10-25T05:00:00Z'],
    ],
    [
      '2h',
      'Europe/Berlin',
      '2026-03-29T00:00:00Z',
      '2026-03-29T03:00:00Z',
      ['2026-03-28T23:00:00Z', '2026-03-29T01:00:00Z', '2026-03-29T02:00:00Z'],
    ],
    // Half an hour.
    [
      '1h',
      'Australia/Lord_Howe',
      '2026-04-04T13:30:00Z',
      '2026-04-04T16:00:00Z',
      ['2026-04-04T13:00:00Z', '2026-04-04T14:00:00Z', '2026-04-04T15:30:00Z'],
    ],
    [
      '1h',
      'Asia/Kathmandu',
      '2026-04-04T13:30:00Z',
      '2026-04-04T15:00:00Z',
      ['2026-04-04T13:15:00Z', '2026-04-04T14:15:00Z'],
    ],
    [
      '1mo',
      'Asia/Kathmandu',
      '2026-01-28T12:00:00Z',
      '2026-03-04T18:00:00Z',
      ['2025-12-31T18:15:00Z', '2026-01-31T18:15:00Z', '2026-02-28T18:15:00Z'],
    ],
  ])('begins buckets of %s in %s', (width, zone, from, to, expected) => {
    expect(starts(width, zone, from, to)).toEqual(expected);
  });

  it('cuts every range at the same instants, without gaps', () => {
    const zones = [
      'Europe/Berlin',
      'America/St_Johns',
      'Asia/Kathmandu',
      'Australia/Lord_Howe',
      'America/Sao_Paulo',
      'Pacific/Apia',
      'Africa/Casablanca',
    ];
    const year = { from: instantOf('2006-01-01T00:00:00Z'), to: instantOf('2013-01-01T00:00:00Z') };
    const whole = new Map<string, ReadonlySet<bigint>>();
    const all = (zone: string, width: string): ReadonlySet<bigint> => {
      const key = `${zone} ${width}`;
      const known =
        whole.get(key) ?? new Set(startsOf(bucketsOver(parseWidth('bucket', width), year, zoneNamed(zone))));
      whole.set(key, known);
      return known;
    };
    const part = fc.record({
      zone: fc.constantFrom(...zones),
      width: fc.constantFrom('2h', '7h', '1d', '36h', '1w', '1mo', '1y', '1h'),
      from: fc.bigInt(year.from, year.to - 400n * 86_400_000_000n),
      length: fc.bigInt(1n, 40n * 86_400_000_000n),
    });
    fc.assert(
      fc.property(part, ({ zone, width, from, length }) => {
        const found = bucketsOver(parseWidth('bucket', width), { from, to: from + length }, zoneNamed(zone));
        const list = startsOf(found);
        expect(found.range.from).toBe(list[0]);
        expect(found.range.from <= from && (list[1] ?? found.range.to) > from).toBe(true);
        expect((list.at(-1) ?? 0n) < from + length && found.range.to >= from + length).toBe(true);
        expect(countOf(found)).toBe(list.length);
        expect(list.every((start, at) => at === 0 || start > (list[at - 1] ?? start))).toBe(true);
        const known = all(zone, width);
        expect(list.filter((start) => start >= year.from && !known.has(start))).toEqual([]);
        expect(
          [...known].filter((start) => start >= found.range.from && start < found.range.to),
        ).toHaveLength(list.length);
      }),
      { numRuns: 300, seed: 7 },
    );
  });

  it('knows from which aggregates buckets can be made, by the offsets within the range', () => {
    const [quarter, hour, day] = ['15m', '1h', '1d'].map((width) => parseWidth('bucket', width)) as [
      never,
      never,
      never,
    ];
    const madeOf = (width: string, zone: string, from: string, to: string) => {
      const found = buckets(width, zone, from, to);
      return [quarter, hour, day].map((own) => areMadeOf(found, own));
    };
    const year = ['2026-01-01T00:00:00Z', '2026-12-31T00:00:00Z'] as const;
    expect(madeOf('1d', 'Europe/Berlin', ...year)).toEqual([true, true, false]);
    expect(madeOf('1d', 'Asia/Kolkata', ...year)).toEqual([true, false, false]);
    expect(madeOf('1d', 'Asia/Kathmandu', ...year)).toEqual([true, false, false]);
    expect(madeOf('1d', 'Australia/Lord_Howe', ...year)).toEqual([true, false, false]);
    // London follows UTC in winter, and Lord Howe is eleven hours ahead in summer.
    expect(madeOf('1d', 'Europe/London', '2026-01-05T00:00:00Z', '2026-02-05T00:00:00Z')).toEqual([
      true,
      true,
      true,
    ]);
    expect(madeOf('1d', 'Australia/Lord_Howe', '2026-01-05T00:00:00Z', '2026-02-05T00:00:00Z')).toEqual([
      true,
      true,
      false,
    ]);
    expect(madeOf('7m', 'Europe/Berlin', ...year)).toEqual([false, false, false]);
    expect(areSingle(buckets('1h', 'Europe/Berlin', ...year), hour)).toBe(true);
    expect(areSingle(buckets('1d', 'Europe/Berlin', ...year), day)).toBe(false);
    expect(
      areSingle(buckets('1d', 'Europe/London', '2026-01-05T00:00:00Z', '2026-02-05T00:00:00Z'), day),
    ).toBe(true);
  });

  it('refuses to list too many buckets', () => {
    expect(() => buckets('7s', 'Europe/Berlin', '2020-01-01T00:00:00Z', '2026-01-01T00:00:00Z')).toThrow(
      expect.objectContaining({ problem: 'bad-bucket' }),
    );
    expect(countOf(buckets('1s', 'Europe/Berlin', '2026-01-01T00:00:00Z', '2026-12-01T00:00:00Z'))).toBe(
      334 * 86_400,
    );
    expect(countOf(buckets('1y', 'Europe/Berlin', '0100-01-02T00:00:00Z', '9999-12-31T00:00:00Z'))).toBe(
      9_900,
    );
  });

  it.each([
    [{ from: '2026-11-01', to: '2026-12-01' }, '2026-10-31T23:00:00Z', '2026-11-30T23:00:00Z'],
    [
      { from: '2026-11-01T00:00Z', to: '2026-12-01 00:00+01' },
      '2026-11-01T00:00:00Z',
      '2026-11-30T23:00:00Z',
    ],
    [{ from: '2026-03-29T02:30', to: '2026-10-25T02:30' }, '2026-03-29T01:00:00Z', '2026-10-25T00:30:00Z'],
    [{ period: '1m', to: '2026-04-05T00:00:00Z' }, '2026-03-05T01:00:00Z', '2026-04-05T00:00:00Z'],
    [{ period: '7d', to: '2026-04-02T00:00:00Z' }, '2026-03-26T01:00:00Z', '2026-04-02T00:00:00Z'],
    [{ period: '24h', to: '2026-03-29T10:00:00Z' }, '2026-03-28T10:00:00Z', '2026-03-29T10:00:00Z'],
  ])('reads the range %j on the clocks of Berlin', (parameters, from, to) => {
    const range = resolveRange(parameters, instantOf('2026-12-05T00:00:00Z'), zoneNamed('Europe/Berlin'));
    expect([timeText(range.from), timeText(range.to)]).toEqual([from, to]);
  });
});
