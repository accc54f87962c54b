import { badPeriod, parsePeriod } from './durations';
import { ProblemError } from './problems';

describe('parsePeriod', () => {
  it.each([
    ['1h', '1 hour'],
    ['36h', '36 hour'],
    ['1d', '1 day'],
    ['2w', '2 week'],
    ['1m', '1 month'],
    ['1y', '1 year'],
    ['9999h', '9999 hour'],
    ['9999m', '9999 month'],
  ])('reads %s as %s', (text, interval) => {
    expect(parsePeriod(text)).toBe(interval);
  });

  it('stays inside the calendar of PostgreSQL', () => {
    expect(parsePeriod('9999y')).toBe('4000 year');
  });

  it.each([
    '',
    '0d',
    '01d',
    '10000d',
    '-1d',
    '1.5d',
    '1',
    'd',
    '1D',
    '1M',
    '1s',
    '1 d',
    ' 1d',
    '1d ',
    '1d\n',
    '１d',
    "1d'; --",
  ])('refuses %j', (text) => {
    expect(() => parsePeriod(text)).toThrow(ProblemError);
  });

  it('names what came, what is allowed and an example', () => {
    const { detail, status } = badPeriod('5 minutes');
    expect(status).toBe(400);
    expect(detail).toBe(
      'The period is "5 minutes"; write a whole number from 1 to 9999 and a unit: Nh (hours), Nd (days), Nw (weeks), Nm (months) or Ny (years), for example ?period=7d',
    );
  });

  it('does not send long input back', () => {
    expect(badPeriod('x'.repeat(10_000)).detail.length).toBeLessThan(250);
  });
});
