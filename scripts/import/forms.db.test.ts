// The forms that files come in: encodings, delimiters, decimal commas, spreadsheet habits, and what is named when it is left out.
import fc from 'fast-check';
import { date, float8, numeric, text, timestamptz } from '../../db/language/columns';
import { hypertable } from '../../db/language/hypertable';
import { schemaSet } from '../../db/language/schema-set';
import { testServers } from '../../db/local/test-servers';
import type { Encoding, ImportOptions } from './options';
import { Importing, utc } from './testing/importing';

const readings = hypertable('readings', {
  columns: {
    time: timestamptz().notNull(),
    sensor: text().notNull(),
    value: float8(),
    price: numeric(),
    day: date(),
  },
  time: 'time',
  chunkInterval: '30 days',
});

const WINDOWS: Readonly<Record<string, number>> = { '€': 0x80, '“': 0x93, ž: 0x9e };

/** A text in an encoding, written without the code that is under test. */
function encoded(content: string, encoding: Encoding): Buffer {
  if (encoding === 'utf-8') return Buffer.from(content);
  if (encoding === 'utf-16le') return Buffer.from(content, 'utf16le');
  if (encoding === 'utf-16be') return Buffer.from(content, 'utf16le').swap16();
  const bytes = [...content].map((one) =>
    encoding === 'windows-1252' ? (WINDOWS[one] ?? one.charCodeAt(0)) : one.charCodeAt(0),
  );
  return Buffer.from(bytes);
}

interface Row {
  readonly time: string;
  readonly sensor: string;
  readonly value: number | null;
  readonly price: string | null;
  readonly day: string | null;
}

describe.each(testServers().map((server) => [server.engine, server] as const))('files on %s', (_, server) => {
  const importing = new Importing(server, [schemaSet('readings', [readings])]);

  beforeAll(() => importing.begin());
  beforeEach(() => importing.select('TRUNCATE public.readings; TRUNCATE tsdb.import CASCADE'));
  afterAll(() => importing.end());

  const stored = () =>
    importing.select<Row>(
      `SELECT ${utc('time')} AS time, sensor, value, price::text, day::text AS day FROM public.readings ORDER BY time`,
    );

  it('imports any table exactly, however it is written', async () => {
    const plain = fc.string({
      unit: fc.constantFrom('a', 'B', ' ', '"', ',', ';', '\t', '|', '.', 'é', 'ß'),
      maxLength: 6,
    });
    const form = fc.record({
      delimiter: fc.constantFrom(',', ';', '\t', '|'),
      encoding: fc.constantFrom<Encoding>('utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'latin1'),
      mark: fc.boolean(),
      decimal: fc.constantFrom<',' | '.'>('.', ','),
      lineEnd: fc.constantFrom('\n', '\r\n'),
      quoteAll: fc.boolean(),
      separator: fc.boolean(),
      lastBreak: fc.boolean(),
      header: fc.constantFrom('time,sensor,value,price,day', ' Time,SENSOR,Value ,PRICE,Day'),
    });
    const row = fc.record({
      sensor: plain,
      special: fc.constantFrom('', '€', '“ž', '温', '\n', '\r\n'),
      value: fc.option(fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 1_000)),
      price: fc.option(fc.integer({ min: -1_000_000, max: 1_000_000 })),
      day: fc.option(fc.integer({ min: 1, max: 28 })),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(form, fc.array(row, { minLength: 1, maxLength: 12 }), async (how, rows) => {
        const isByte = how.encoding === 'latin1' || how.encoding === 'windows-1252';
        const can = (special: string): boolean =>
          !isByte || special.trim() === '' || (how.encoding === 'windows-1252' && special !== '温');
        const expected = rows.map(
          ({ sensor, special, value, price, day }, at): Row => ({
            time: `2026-11-01T00:00:${String(at).padStart(2, '0')}.000000Z`,
            sensor: `${sensor}${can(special) ? special : ''}`,
            value,
            price: price === null ? null : (price / 100).toFixed(2),
            day: day === null ? null : `2026-11-${String(day).padStart(2, '0')}`,
          }),
        );
        const number = (one: string): string => one.replace('.', how.decimal);
        const field = (one: string | null, isText = false): string => {
          if (one === null) return '';
          const must = isText && (one === '' || /^\s|\s$/.test(one));
          return must || how.quoteAll || /["\r\n]/.test(one) || one.includes(how.delimiter)
            ? `"${one.replaceAll('"', '""')}"`
            : one;
        };
        const lines = expected.map((one) =>
          [
            field(one.time),
            field(one.sensor, true),
            field(one.value === null ? null : number(String(one.value))),
            field(one.price === null ? null : number(one.price)),
            field(one.day),
          ].join(how.delimiter),
        );
        const content = [
          ...(how.separator ? [`sep=${how.delimiter}`] : []),
          how.header.replaceAll(',', how.delimiter),
          ...lines,
        ].join(how.lineEnd);
        const mark = how.mark && !isByte ? '\uFEFF' : '';
        run += 1;
        const file = importing.write(
          `form-${run}.csv`,
          encoded(`${mark}${content}${how.lastBreak ? how.lineEnd : ''}`, how.encoding),
        );
        const options: Partial<ImportOptions> = {
          ...(mark === '' ? { encoding: how.encoding } : {}),
          ...(how.separator ? {} : { delimiter: how.delimiter }),
          ...(how.decimal === ',' ? { decimal: ',' } : {}),
        };
        await importing.select('TRUNCATE public.readings');
        const report = await importing.run(file, readings, { ...options, again: true });
        expect(report).toMatchObject({ rows: rows.length, rejected: 0, ignored: [] });
        expect(await stored()).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  }, 120_000);

  it('gives the same digest to the same rows in another encoding, so they are not imported twice', async () => {
    const content = 'time,sensor,value\n2026-11-30,é,1\n';
    await importing.run(importing.write('a.csv', content), readings);
    const other = importing.write('b.csv', encoded(`\uFEFF${content}`, 'utf-16be'));
    await expect(importing.run(other, readings)).rejects.toMatchObject({
      exitCode: 3,
      message: expect.stringContaining('--again'),
    });
  });

  it.each<[string, string, Partial<ImportOptions>, readonly string[]]>([
    [
      'fields of CSV that fill no column',
      'time,sensor,note,value, Extra\n2026-11-30,a,x,1,y\n2026-11-30,b,x,1,y\n',
      {},
      ['fields fill no column of readings and are left out: note,  Extra; each field can be given'],
    ],
    [
      'members of NDJSON that fill no column, with the number of rows',
      '{"time":"2026-11-30","sensor":"a","Value":1}\n{"time":"2026-11-30","sensor":"a","note":1}\n{"time":"2026-11-30","sensor":"a","note":1}\n',
      { format: 'ndjson' },
      ['are left out: Value (in 1 row), note (in 2 rows)'],
    ],
    [
      'a field that fills a column although its name has other letters',
      'TIME, sensor ,value\n2026-11-30,a,1\n',
      {},
      ['the field "TIME" fills the column time', 'the field " sensor " fills the column sensor'],
    ],
    [
      'a byte order mark and a line sep=',
      '\uFEFFsep=;\r\ntime;sensor;value\r\n2026-11-30;a;1\r\n',
      {},
      ['begins with the byte order mark of utf-8', 'says that ";" is between its fields'],
    ],
    ['a file that has a header only', 'time,sensor,value\n', {}, ['has no rows; nothing is imported']],
  ])('names %s', async (_name, content, options, expected) => {
    const notes: string[] = [];
    const file = importing.write('named.csv', content);
    await importing.run(file, readings, options, (note) => notes.push(note));
    for (const text of expected) expect(notes.join('\n')).toContain(text);
  });

  it('imports a file without rows again and again, and keeps nothing of it', async () => {
    const file = importing.write('header.csv', 'time,sensor,value\r\n\r\n');
    for (let time = 0; time < 2; time += 1)
      expect(await importing.run(file, readings)).toMatchObject({ rows: 0, rejected: 0, batches: 1 });
    expect(await importing.select('SELECT FROM tsdb.import')).toEqual([]);
  });

  it.each<[string, string | Buffer, Partial<ImportOptions>, RegExp]>([
    [
      'a delimiter that is not named',
      'time;sensor;value\n2026-11-30;a;21,5\n',
      {},
      /nothing fills the time column[\s\S]*--delimiter ';' --decimal ,$/,
    ],
    [
      'a decimal comma that is not named',
      'time,sensor,value\n2026-11-30,a,"21,5"\n',
      {},
      /column value: "21,5" has a comma[\s\S]*--decimal ,$/,
    ],
    [
      'separators of thousands',
      'time;sensor;value\n2026-11-30;a;1.234,5\n',
      { delimiter: ';', decimal: ',' },
      /line 2, column value: "1.234,5" .*separators of thousands are not read/,
    ],
    [
      'a number with a point where commas are named',
      'time;sensor;value\n2026-11-30;a;1.5\n',
      { delimiter: ';', decimal: ',' },
      /line 2, column value: "1.5" is not a number with a decimal comma/,
    ],
    [
      'a number that may be either',
      'time,sensor,value\n2026-11-30,a,"1,234"\n',
      {},
      /may be 1\.234 or 1234, and no other number of the file says which/,
    ],
    [
      'UTF-16 without a mark',
      encoded('time,sensor,value\n2026-11-30,a,1\n', 'utf-16le'),
      {},
      /has the character NUL[\s\S]*--encoding utf-16le$/,
    ],
    [
      'Latin-1 that is not named',
      encoded('time,sensor,value\n2026-11-30,é,1\n', 'latin1'),
      {},
      /line 2, the row is not UTF-8[\s\S]*--encoding windows-1252$/,
    ],
    [
      'a byte that windows-1252 has not',
      encoded('time,sensor,value\n2026-11-30,\x81,1\n', 'latin1'),
      { encoding: 'windows-1252' },
      /byte 0x81 is no character of windows-1252/,
    ],
    [
      'half a character of UTF-16',
      Buffer.concat([encoded('time,sensor\n2026-11-30,', 'utf-16le'), Buffer.from([0x00, 0xd8, 0x41, 0x00])]),
      { encoding: 'utf-16le' },
      /are not utf-16le/,
    ],
    [
      'a mark and a flag that contradict each other',
      encoded('\uFEFFtime,sensor\n', 'utf-16le'),
      { encoding: 'latin1' },
      /byte order mark of utf-16le, and --encoding says latin1/,
    ],
    [
      'a line sep= and a flag that contradict each other',
      'sep=;\ntime;sensor\n',
      { delimiter: ',' },
      /says sep=;, and --delimiter says ","/,
    ],
    [
      'lines that end with CR',
      'time,sensor\r2026-11-30,a\r',
      {},
      /lines end with CR only[\s\S]*tr '\\r' '\\n'/,
    ],
    [
      'NUL in a row',
      'time,sensor\n2026-11-30,a\0b\n',
      {},
      /line 2, the row holds the character NUL, which PostgreSQL cannot keep/,
    ],
    [
      'NUL in the header',
      'time,sen\0sor\n2026-11-30,a\n',
      {},
      /the header is not valid CSV: it has the character NUL/,
    ],
    [
      'a stray quote',
      'time,sensor\n2026-11-30,a"b\n',
      {},
      /line 2, there is a quote inside a field that is not quoted/,
    ],
    [
      'a delimiter at the end of the lines',
      'time,sensor\n2026-11-30,a,\n',
      {},
      /line 2, the row has 3 fields, and there are 2 columns; the line ends with a delimiter/,
    ],
    ['a name that stands twice', 'time,sensor,value,value\n2026-11-30,a,1,2\n', {}, /two fields value/],
    [
      'two names that differ in case only',
      'time,sensor,Value,VALUE\n2026-11-30,a,1,2\n',
      {},
      /"Value" and "VALUE", and each could fill value; say which one with --map value=field/,
    ],
    [
      'a file without a header',
      '2026-11-30,a,1\n2026-11-30,b,2\n',
      {},
      /the first line holds values and no names: give the names of the fields with --columns/,
    ],
    ['no bytes at all', '', {}, /is empty$/],
    ['empty lines', '\n\r\n\n', {}, /is empty$/],
    [
      'times in milliseconds',
      'Timestamp,sensor\n1764496800123,a\n',
      {},
      /nothing fills the time column[\s\S]*--map time=Timestamp --time-format unix-ms$/,
    ],
  ])('refuses %s, says the way out, and leaves nothing behind', async (_name, content, options, message) => {
    const file = importing.write('refused.csv', content);
    const failure = await importing.run(file, readings, options).catch((error: unknown) => error);
    expect(failure).toMatchObject({ exitCode: 1, message: expect.stringMatching(message) });
    expect(await stored()).toEqual([]);
    expect(await importing.select('SELECT FROM tsdb.import')).toEqual([]);
  });
});
