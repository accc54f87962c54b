// Times and dates of a file: what each format takes, what it makes of it, and what it refuses.
import { date, float8, text, timestamptz } from '../../../db/language/columns';
import { hypertable } from '../../../db/language/hypertable';
import type { ImportOptions } from '../options';
import { plainOptions } from '../testing/plain-options';
import { layoutReader } from './time-layout';
import { localTimes } from './time-zone';
import { timeReader } from './times';

const readings = hypertable('readings', {
  columns: {
    time: timestamptz().notNull(),
    installed: timestamptz(),
    day: date(),
    sensor: text(),
    value: float8(),
  },
  time: 'time',
  chunkInterval: '1 day',
});

const TIMESTAMPTZ = { name: 'time', type: 'timestamp with time zone' };

function read(
  written: string,
  options: Partial<ImportOptions> = {},
  column = TIMESTAMPTZ,
): string | undefined {
  const reader = timeReader({ ...plainOptions('x.csv', readings), ...options }, column);
  const result = reader?.(written);
  return typeof result === 'object' ? undefined : result;
}

describe('iso', () => {
  // The server reads what is left as it is in the same way; a test against the server holds it to that.
  it.each([
    ['2026-11-30T10:00:00Z', '2026-11-30T10:00:00Z'],
    ['2026-11-30 10:00:00', '2026-11-30 10:00:00'],
    ['2026-11-30 10:00', '2026-11-30 10:00'],
    ['2026-11-30', '2026-11-30'],
    ['2026-11-30T10:00Z', '2026-11-30T10:00:00Z'],
    [' 2026-11-30T10:00:00z ', '2026-11-30T10:00:00Z'],
    ['2026-11-30T10:00:00.1234567Z', '2026-11-30T10:00:00.123456Z'],
    ['2026-11-30T10:00:00 +02', '2026-11-30T08:00:00Z'],
    ['2026-11-30T10:00:00-0530', '2026-11-30T10:00:00-0530'],
    ['2026-11-30T10:00:00 -0530', '2026-11-30T15:30:00Z'],
    ['2026-11-30T10:00:00+05:30', '2026-11-30T10:00:00+05:30'],
  ])('reads %j as %s', (written, expected) => expect(read(written)).toBe(expected));

  it.each([
    '09.10.2026 10:00:00',
    '10/11/2026',
    '2026/11/30',
    '2026.11.30',
    '30-Nov-2026',
    'Nov 30 2026',
    '20261130',
    '20261130T100000Z',
    '2026-W48-1',
    '2026-334',
    '2026-11',
    '2026-11-30T10',
    '2026-11-30T10:00:00,5',
    '2026-11-30T24:00:00',
    '2026-11-30 10:00 CET',
    '2026-11-30 10:00 Europe/Berlin',
    '2026-11-30 10:00 PM',
    '26-11-30',
    '1764496800',
    'now',
    'today',
    'yesterday',
    'tomorrow',
    'allballs',
    'epoch',
    'infinity',
    '-infinity',
    '2026-11-30 BC',
    '2026-02-29',
    'J2461375',
    // The last byte of these letters is the digit 2.
    'Ĳ026-11-30T10:00:00Z',
    '2026-11-30T10:00:0Ĳ',
    '',
  ])('refuses %j', (written) => expect(read(written)).toBeUndefined());

  it('names column, text and way out', () => {
    const reader = timeReader(plainOptions('x.csv', readings), TIMESTAMPTZ);
    expect(reader?.('yesterday')).toEqual({
      reason:
        'column time: "yesterday" is not a time of ISO 8601, such as 2026-11-30T10:00:00Z; name its layout with --time-format',
    });
  });
});

describe('a column of dates', () => {
  const DATE = { name: 'day', type: 'date' };
  it.each([
    ['2026-11-30', {}, '2026-11-30'],
    ['30.11.2026', { timeFormats: { day: 'DD.MM.YYYY' } }, '2026-11-30'],
    ['30.11.2026', {}, undefined],
    ['2026-11-30T10:00:00', {}, undefined],
    ['2026-02-30', {}, undefined],
    ['today', {}, undefined],
  ])('reads %j with %j as %s', (written, options, expected) =>
    expect(read(written, options, DATE)).toBe(expected),
  );
});

describe('columns beside the time column', () => {
  const INSTALLED = { name: 'installed', type: 'timestamp with time zone' };
  it.each([
    ['2026-11-30', { timeFormat: 'unix' }, '2026-11-30'],
    ['1764496800', { timeFormat: 'unix' }, undefined],
    ['1764496800', { timeFormats: { installed: 'unix' } }, '2025-11-30T10:00:00Z'],
    ['yesterday', {}, undefined],
  ])('have a format of their own: %j with %j is %s', (written, options, expected) =>
    expect(read(written, options, INSTALLED)).toBe(expected),
  );
});

describe('a layout', () => {
  it.each([
    ['DD.MM.YYYY HH:mm', '09.10.2026 10:00', '2026-10-09T10:00:00'],
    ['MM/DD/YYYY', '09/10/2026', '2026-09-10T00:00:00'],
    ['D.M.YYYY H:mm:ss', '9.10.2026 7:05:01', '2026-10-09T07:05:01'],
    ['DD.MM.YY', '09.10.68', '2068-10-09T00:00:00'],
    ['DD.MM.YY', '09.10.69', '1969-10-09T00:00:00'],
    ['YYYYMMDD[T]HHmmssZ', '20261130T100000+0100', '2026-11-30T10:00:00+0100'],
    ['YYYY-MM-DDTHH:mm:ss.S', '2026-11-30T10:00:00.1234', '2026-11-30T10:00:00.1234'],
    ['YYYY-MM-DD HH:mm:ss,SSS', '2026-11-30 10:00:00,123', '2026-11-30T10:00:00.123'],
    ['D-MMM-YYYY', '30-nov-2026', '2026-11-30T00:00:00'],
    ['MMMM D, YYYY h:mm A', 'November 30, 2026 12:05 AM', '2026-11-30T00:05:00'],
    ['MM/DD/YYYY hh:mm A', '11/30/2026 12:05 pm', '2026-11-30T12:05:00'],
  ])('%s reads %j', (layout, written, expected) => expect(layoutReader(layout)(written)).toBe(expected));

  it.each([
    ['DD.MM.YYYY', '9.10.2026'],
    ['DD.MM.YYYY', '09.10.2026 '],
    ['DD.MM.YYYY', '09.10.20261'],
    ['DD.MM.YYYY', '09/10/2026'],
    ['DD.MM.YYYY', '09x10x2026'],
    ['YYYY-MM-DD HH:mm:ss.SSS', '2026-11-30 10:00:00.12'],
    ['hh:mm A D.M.YYYY', '13:00 AM 9.10.2026'],
    ['D-MMM-YYYY', '30-Dez-2026'],
  ])('%s does not read %j', (layout, written) => expect(layoutReader(layout)(written)).toBeUndefined());

  it.each([
    ['31.02.2026', 'DD.MM.YYYY'],
    ['10/30/2026', 'DD/MM/YYYY'],
    ['01.01.2026 24:00', 'DD.MM.YYYY HH:mm'],
  ])('does not make a time of %j (%s)', (written, timeFormat) =>
    expect(read(written, { timeFormat })).toBeUndefined(),
  );

  it.each([
    ['dd.MM.yyyy', /yyyy is not a part|dd is not a part/],
    ['%d.%m.%Y', /is not a part/],
    ['DD.MM', /needs year, month and day/],
    ['DD.MM.YYYY DD', /needs year, month and day/],
    ['DD.MM.YYYY hh:mm', /hh or h together with A/],
    ['DD.MM.YYYY HH:mm A', /hh or h together with A/],
    ['DD.MM.YYYY mm:ss', /minutes need hours/],
    ['german', /is not a part/],
    ['', /needs year/],
  ])('%s is refused', (layout, message) => expect(() => layoutReader(layout)).toThrow(message));
});

describe('localTimes', () => {
  it.each([
    ['Europe/Berlin', '2026-07-01T12:00:00.5Z', '2026-07-01T10:00:00.5Z'],
    ['Europe/Berlin', '2026-12-01T12:00:00Z', '2026-12-01T11:00:00Z'],
    ['Europe/Berlin', '2026-03-29T01:59:59.999999Z', '2026-03-29T00:59:59.999999Z'],
    ['Europe/Berlin', '2026-03-29T03:00:00Z', '2026-03-29T01:00:00Z'],
    ['Europe/Berlin', '2026-10-25T01:59:59Z', '2026-10-24T23:59:59Z'],
    ['Europe/Berlin', '2026-10-25T03:00:00Z', '2026-10-25T02:00:00Z'],
    ['Asia/Kolkata', '2026-07-01T05:29:00Z', '2026-06-30T23:59:00Z'],
    ['Australia/Lord_Howe', '2026-04-05T01:29:59Z', '2026-04-04T14:29:59Z'],
    ['Australia/Lord_Howe', '2026-04-05T02:00:00Z', '2026-04-04T15:30:00Z'],
    ['Pacific/Apia', '2011-12-31T00:00:00Z', '2011-12-30T10:00:00Z'],
    ['UTC', '2026-03-29T02:30:00Z', '2026-03-29T02:30:00Z'],
  ])('%s: %s is %s', (zone, local, utc) => expect(localTimes(zone, 'refuse').read(local)).toBe(utc));

  it.each([
    ['Europe/Berlin', '2026-03-29T02:00:00Z'],
    ['Europe/Berlin', '2026-03-29T02:59:59.999999Z'],
    ['America/New_York', '2026-03-08T02:30:00Z'],
    ['Australia/Lord_Howe', '2026-10-04T02:15:00Z'],
    ['Pacific/Apia', '2011-12-30T12:00:00Z'],
  ])('%s: %s does not exist, whatever is said about repeated times', (zone, local) => {
    for (const repeated of ['refuse', 'earlier', 'later'] as const)
      expect(localTimes(zone, repeated).read(local)).toEqual({
        reason: expect.stringContaining(`does not exist in ${zone}`),
      });
  });

  it.each([
    ['Europe/Berlin', '2026-10-25T02:30:00Z', '2026-10-25T00:30:00Z', '2026-10-25T01:30:00Z'],
    ['America/New_York', '2026-11-01T01:00:00Z', '2026-11-01T05:00:00Z', '2026-11-01T06:00:00Z'],
    ['Australia/Lord_Howe', '2026-04-05T01:45:00Z', '2026-04-04T14:45:00Z', '2026-04-04T15:15:00Z'],
  ])('%s: %s exists twice', (zone, local, earlier, later) => {
    expect(localTimes(zone, 'refuse').read(local)).toEqual({
      reason: expect.stringMatching(`exists twice .*${earlier} and ${later}.*--repeated-times`),
    });
    expect(localTimes(zone, 'earlier').read(local)).toBe(earlier);
    expect(localTimes(zone, 'later').read(local)).toBe(later);
  });

  it.each(['Mars/Olympus', '+02', 'UTC+2', '', 'yesterday'])('refuses the zone %j', (zone) =>
    expect(() => localTimes(zone, 'refuse')).toThrow(/is not a time zone/),
  );
});
