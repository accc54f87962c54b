// Which formats fit a column of times: one, several or none.
import { date, timestamptz } from '../../../db/language/columns';
import { hypertable } from '../../../db/language/hypertable';
import type { ImportOptions } from '../options';
import { plainOptions } from '../testing/plain-options';
import { TimeGuess } from './guess-times';

const table = hypertable('readings', {
  columns: { time: timestamptz().notNull(), day: date() },
  time: 'time',
  chunkInterval: '1 day',
});

function guess(texts: readonly string[], options: Partial<ImportOptions> = {}, column = 'time'): TimeGuess {
  const type = column === 'time' ? 'timestamp with time zone' : 'date';
  const found = new TimeGuess({ ...plainOptions('x.csv', table), ...options }, { name: column, type });
  for (const text of texts) found.add(text);
  return found;
}

describe('TimeGuess', () => {
  it.each<[readonly string[], readonly string[]]>([
    [['2026-11-30T10:00:00Z', '2026-11-30'], ['iso']],
    [['2026-11-30 10:00', '2026-12-01 09:00'], ['iso']],
    [['09.10.2026 10:00:00'], ['DD.MM.YYYY HH:mm:ss', 'MM.DD.YYYY HH:mm:ss']],
    [['09.10.2026 10:00', '13.10.2026 10:00'], ['DD.MM.YYYY HH:mm']],
    [['09/10/2026', '09/30/2026'], ['MM/DD/YYYY']],
    [['9/10/2026 7:05', '10/13/2026 17:05'], ['M/D/YYYY H:mm']],
    [['09.10.2026', '9.13.2026'], ['M.D.YYYY']],
    [['13.10.2026', '10.13.2026'], []],
    [['10-11-12'], ['DD-MM-YY', 'MM-DD-YY', 'YY-MM-DD']],
    [['30-11-26'], ['DD-MM-YY', 'YY-MM-DD']],
    [['31-11-26'], ['YY-MM-DD']],
    [['2026/11/30 10:00:00'], ['YYYY/MM/DD HH:mm:ss']],
    [['2026-1-3'], ['YYYY-M-D']],
    [['20261130'], ['YYYYMMDD']],
    [['20261130T100000Z'], ['YYYYMMDDTHHmmssZ']],
    [['30-Nov-2026 10:00'], ['D-MMM-YYYY HH:mm']],
    [['November 30, 2026 9:00 PM'], ['MMMM D, YYYY h:mm A']],
    [['11/30/2026 09:00 PM'], ['MM/DD/YYYY hh:mm A']],
    [['30.11.2026 10:00:00,123'], ['DD.MM.YYYY HH:mm:ss,S']],
    [['30.11.2026 10:00:00 +01:00'], ['DD.MM.YYYY HH:mm:ss Z']],
    [['1764496800'], ['unix']],
    [['1764496800.5', '1764496801'], ['unix']],
    [['1764496800123'], ['unix-ms']],
    [['1764496800123456'], ['unix-us']],
    [['1764496800123456789'], ['unix-ns']],
    [['46356.4166'], []],
    [['yesterday'], []],
    [['2026-11-30', 'n/a'], []],
  ])('%j fits %j', (texts, formats) =>
    expect(
      guess(texts)
        .readings()
        .map(({ format }) => format),
    ).toEqual(formats),
  );

  it('shows what each reading makes of the first text, in the zone', () => {
    expect(guess(['09.10.2026 10:00'], { zone: 'Europe/Berlin' }).readings()).toEqual([
      { format: 'DD.MM.YYYY HH:mm', time: '2026-10-09T08:00:00Z' },
      { format: 'MM.DD.YYYY HH:mm', time: '2026-09-10T08:00:00Z' },
    ]);
  });

  it('keeps a layout although the clocks skipped one of its times', () => {
    const found = guess(['29.03.2026 02:30'], { zone: 'Europe/Berlin' });
    expect(found.readings()).toEqual([
      { format: 'DD.MM.YYYY HH:mm', time: expect.stringContaining('does not exist') },
    ]);
  });

  it('names the first text that fits nothing', () => {
    expect(guess(['30.11.2026', '01.12.2026', 'n/a', 'x']).odd).toBe('n/a');
  });

  it('reads dates', () => {
    expect(guess(['30.11.2026'], {}, 'day').readings()).toEqual([
      { format: 'DD.MM.YYYY', time: '2026-11-30' },
    ]);
  });
});
