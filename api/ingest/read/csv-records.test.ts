import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { csvRecords } from './csv-records';

/** What csv-parse makes of a body. */
function asCsvParse(body: string, delimiter: string): unknown {
  try {
    const read = parse(body, {
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    }) as unknown as readonly {
      readonly record: readonly unknown[];
      readonly info: { readonly lines: number };
    }[];
    return read.map(({ record, info }) => ({ fields: record, lastLine: info.lines }));
  } catch (error) {
    return (error as Error).message;
  }
}

function read(body: string, delimiter: string): unknown {
  try {
    return [...csvRecords(body, delimiter)];
  } catch (error) {
    return (error as Error).message;
  }
}

describe('csvRecords', () => {
  it.each([
    '',
    '\n',
    'a',
    'a,b\n1,2\n',
    'a,b\r\n1,2\r\n',
    'a,b\r1,2\r',
    'a\r\nb\nc\r\n',
    'a\nb\r\nc\n',
    'a\n\n\nb\n',
    ',\n,,\n',
    'a,',
    'a,\n',
    '""',
    '"",\n',
    '"a""b","c\nd"\n"e\r\nf"\n',
    '"a\n',
    'a\n"b\n\n',
    'a"b',
    'a\nb,c"d\n',
    'ä"',
    '"a"b\n',
    '"a"ü',
    '"a" ,b',
    '"a"\r\n"b"\r\n',
    '"a"\rb',
    '""""',
    '"\n","\n',
    '"a"\0b,c',
    '\r',
    'a\r',
    '\n\r\n',
  ])('reads %j as csv-parse does', (body) => {
    expect(read(body, ',')).toEqual(asCsvParse(body, ','));
  });

  it('reads any body as csv-parse does', () => {
    const piece = fc.constantFrom(
      'a',
      ' ',
      ',',
      ';',
      '"',
      '""',
      '\n',
      '\r\n',
      '\r',
      'ü',
      '1.5',
      '🌡',
      '","',
      '"\n"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), fc.constantFrom(',', ';'), (pieces, delimiter) => {
        const body = pieces.join('');
        expect(read(body, delimiter)).toEqual(asCsvParse(body, delimiter));
      }),
      { numRuns: 50_000 },
    );
  });
});
