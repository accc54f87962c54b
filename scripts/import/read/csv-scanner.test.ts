import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { CsvScanner } from './csv-scanner';
import { INCOMPLETE } from './record-scanner';

interface Read {
  readonly line: number;
  readonly fields: readonly (string | null)[];
  readonly fault?: string;
}

function readAll(text: string | Buffer, delimiter = ','): readonly Read[] {
  const bytes = Buffer.from(text as string);
  const scanner = new CsvScanner(delimiter);
  const records: Read[] = [];
  let line = 1;
  for (let at = 0; at < bytes.length; ) {
    const next = scanner.next(bytes, at, true);
    if (next === INCOMPLETE) throw new Error('incomplete');
    if (!scanner.blank)
      records.push({
        line,
        fields: Array.from({ length: scanner.fields }, (_, field) => scanner.text(bytes, field)),
        ...(scanner.fault === undefined ? {} : { fault: scanner.fault }),
      });
    line += scanner.lines;
    at = next;
  }
  return records;
}

const field = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: fc.constantFrom('"', ',', ';', '\n', '\r', 'a', ' ', 'ü', '\\', '.'), maxLength: 6 }),
);
const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
const written = fc.tuple(field, fc.boolean()).map(([text, always]) => ({
  text,
  // What stands bare must have nothing special.
  isQuoted: always || /[",;\n\r]/.test(text),
}));

describe('CsvScanner', () => {
  it('reads what was written, as csv-parse does', () => {
    fc.assert(
      fc.property(
        fc.array(fc.array(written, { minLength: 2, maxLength: 4 }), { minLength: 1, maxLength: 6 }),
        fc.constantFrom('\n', '\r\n'),
        fc.boolean(),
        (rows, lineBreak, last) => {
          const text =
            rows
              .map((row) => row.map((one) => (one.isQuoted ? quoted(one.text) : one.text)).join(','))
              .join(lineBreak) + (last ? lineBreak : '');
          const read = readAll(text);
          expect(read.every(({ fault }) => fault === undefined)).toBe(true);
          expect(read.map(({ fields }) => fields)).toEqual(
            rows.map((row) => row.map((one) => (one.text === '' && !one.isQuoted ? null : one.text))),
          );
          const theirs = parse(text, { relax_column_count: true, record_delimiter: lineBreak }) as string[][];
          expect(read.map(({ fields }) => fields.map((value) => value ?? ''))).toEqual(theirs);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('finds the same records however few bytes there are at first', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('"', ',', '\n', '\r', 'a', 'ü'), maxLength: 20 }),
        fc.nat(20),
        (text, cut) => {
          const bytes = Buffer.from(`${text}\n`);
          const whole = new CsvScanner(',');
          const next = whole.next(bytes, 0, true);
          const part = new CsvScanner(',');
          const early = part.next(bytes.subarray(0, Math.min(cut, bytes.length)), 0, false);
          if (early === INCOMPLETE) return;
          expect(early).toBe(next);
          const fields = (scanner: CsvScanner) =>
            Array.from({ length: scanner.fields }, (_, at) => scanner.text(bytes, at));
          expect([fields(part), part.fault, part.lines]).toEqual([fields(whole), whole.fault, whole.lines]);
        },
      ),
      { numRuns: 5_000 },
    );
  });

  it('counts physical lines, also inside quotes', () => {
    expect(readAll('a,b\n"x\ny\nz",1\n\nlast,2').map(({ line, fields }) => [line, fields])).toEqual([
      [1, ['a', 'b']],
      [2, ['x\ny\nz', '1']],
      [6, ['last', '2']],
    ]);
  });

  it('tells empty from quoted empty', () => {
    expect(readAll('"",,"a"\n')[0]?.fields).toEqual(['', null, 'a']);
  });

  it('loses only the line that is wrong', () => {
    expect(readAll('a,b"c,d\n"x"y,z\nfine,1\n')).toEqual([
      { line: 1, fields: expect.anything(), fault: 'there is a quote inside a field that is not quoted' },
      { line: 2, fields: expect.anything(), fault: 'there is text after a closing quote' },
      { line: 3, fields: ['fine', '1'] },
    ]);
  });

  it('says when the bytes end in quotes', () => {
    const scanner = new CsvScanner(',');
    expect(scanner.next(Buffer.from('a,"b\nc,d\n'), 0, true)).toBe(INCOMPLETE);
    expect(scanner.openQuote).toBe(true);
  });
});
