// Flags become options, and options become flags that mean the same.
import { date, float8, text, timestamptz } from '../../db/language/columns';
import { hypertable } from '../../db/language/hypertable';
import { flagsOf, type ImportFlags, optionsOf } from './flags';

const readings = hypertable('readings', {
  columns: { time: timestamptz().notNull(), day: date(), sensor: text(), value: float8() },
  time: 'time',
  chunkInterval: '1 day',
});
const FLAGS: ImportFlags = {
  table: 'readings',
  set: [],
  timeFormat: [],
  zone: 'UTC',
  shift: '0',
  maxRejects: 0,
  onConflict: 'fail',
  workers: 2,
};

describe('optionsOf', () => {
  it.each<[Partial<ImportFlags>, string]>([
    [{}, 'x.csv --table readings'],
    [{ delimiter: 'tab' }, 'x.csv --table readings --delimiter tab'],
    [
      { map: 'value=a b', set: ["sensor=it's"] },
      "x.csv --table readings --map 'value=a b' --set 'sensor=it'\\''s'",
    ],
    [
      { timeFormat: ['DD.MM.YYYY', 'day=YYYYMMDD'], zone: 'Asia/Tokyo', repeatedTimes: 'later' },
      'x.csv --table readings --time-format DD.MM.YYYY --time-format day=YYYYMMDD --zone Asia/Tokyo --repeated-times later',
    ],
    [{ timeFormat: ['time=unix'] }, 'x.csv --table readings --time-format unix'],
    [
      { melt: 'b*,a', meltName: 'sensor', meltValue: 'value', meltPrefix: '' },
      "x.csv --table readings --melt 'a,b*' --melt-name sensor --melt-value value",
    ],
    [
      { encoding: 'utf-16le', decimal: ',', delimiter: ';', columns: 'time, value', format: 'csv' },
      "x.csv --table readings --encoding utf-16le --delimiter ';' --decimal , --columns time,value",
    ],
    [
      { maxRejects: 5, onConflict: 'skip', shift: '1 day', allowExpired: true, compression: 'gzip' },
      "x.csv --table readings --compression gzip --shift '1 day' --max-rejects 5 --on-conflict skip --allow-expired",
    ],
  ])('reads %j, which are the flags %s', (flags, expected) =>
    expect(flagsOf(optionsOf('x.csv', { ...FLAGS, ...flags }, readings))).toBe(expected),
  );

  it.each<[Partial<ImportFlags>, RegExp]>([
    [{ delimiter: 'a' }, /give one ASCII character/],
    [{ delimiter: '' }, /give one ASCII character/],
    [{ timeFormat: ['dd.mm.yyyy'] }, /is not a part of a layout/],
    [{ timeFormat: ['value=unix'] }, /no column value of times or dates \(it has time, day\)/],
    [{ timeFormat: ['nope=unix'] }, /no column nope of times or dates/],
    [{ timeFormat: ['unix', 'unix-ms'] }, /column time is given twice/],
    [{ format: 'ndjson', decimal: ',' }, /--decimal: these flags are about CSV/],
    [{ meltPrefix: 'x' }, /need --melt/],
  ])('refuses %j', (flags, message) =>
    expect(() => optionsOf('x.csv', { ...FLAGS, ...flags }, readings)).toThrow(message),
  );
});
