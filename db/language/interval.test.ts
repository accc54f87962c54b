import {
  approximateMicroseconds,
  formatInterval,
  parseDuration,
  parseIsoInterval,
  sameInterval,
} from './interval';

describe('parseDuration', () => {
  it.each([
    ['1 day', { months: 0, days: 1, microseconds: 0 }],
    ['2 weeks', { months: 0, days: 14, microseconds: 0 }],
    ['36 hours', { months: 0, days: 0, microseconds: 129_600_000_000 }],
    ['5 years', { months: 60, days: 0, microseconds: 0 }],
    ['0.5 hours', { months: 0, days: 0, microseconds: 1_800_000_000 }],
    ['250 milliseconds', { months: 0, days: 0, microseconds: 250_000 }],
  ])('reads "%s"', (text, expected) => expect(parseDuration(text)).toEqual(expected));

  it.each([
    '',
    '1',
    'day',
    '1day',
    '-1 day',
    '1 fortnight',
    '1 day 2 hours',
    '0 days',
    '1.5 days',
    '1e3 days',
  ])('refuses "%s"', (text) => expect(() => parseDuration(text)).toThrow(`"${text}"`));
});

describe('parseIsoInterval', () => {
  it.each([
    ['P1Y2M3DT4H5M6.7S', { months: 14, days: 3, microseconds: 14_706_700_000 }],
    ['P-1DT-2H', { months: 0, days: -1, microseconds: -7_200_000_000 }],
    ['PT36H', { months: 0, days: 0, microseconds: 129_600_000_000 }],
    ['PT0S', { months: 0, days: 0, microseconds: 0 }],
  ])('reads %s', (text, expected) => expect(parseIsoInterval(text)).toEqual(expected));

  it('refuses another style', () =>
    expect(() => parseIsoInterval('1 day 02:00:00')).toThrow('intervalstyle'));
});

describe('comparing', () => {
  it('keeps a day and 24 hours apart, and a month and 30 days', () => {
    expect(sameInterval(parseDuration('1 day'), parseDuration('24 hours'))).toBe(false);
    expect(sameInterval(parseDuration('1 month'), parseDuration('30 days'))).toBe(false);
    expect(sameInterval(parseDuration('1 week'), parseDuration('7 days'))).toBe(true);
  });

  it('orders by length with months of 30 days', () => {
    expect(approximateMicroseconds(parseDuration('1 month'))).toBe(
      approximateMicroseconds(parseDuration('30 days')),
    );
  });
});

describe('formatInterval', () => {
  it.each([
    '1 day',
    '90 days',
    '1 year',
    '5 years',
    '1 year 2 months',
    '1 hour',
    '1 hour 30 minutes',
    '0.25 seconds',
  ])('writes %s as people do', (text) => {
    const parts = text.match(/[\d.]+ \w+/g) ?? [];
    const sum = parts.map(parseDuration).reduce((a, b) => ({
      months: a.months + b.months,
      days: a.days + b.days,
      microseconds: a.microseconds + b.microseconds,
    }));
    expect(formatInterval(sum)).toBe(text);
  });
});
