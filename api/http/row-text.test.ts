// The text of rows, whether they are few, many or packed, is the text that writing them at once would give.
import { stringify } from 'csv-stringify/sync';
import fc from 'fast-check';
import { ExactNumber } from '../../db/core/exact-json';
import { packed as packedAtOnce } from '../testing/packed';
import { PackedRows, type Rows } from './packed-rows';
import { csvText, jsonText, ndjsonText } from './row-text';

const COLUMNS = ['time', 'value', 'text', 'flag', 'tags', 'missing'];

/** How whole answers were written before they were made in pieces. */
const atOnce = {
  json: (rows: readonly object[]) =>
    JSON.stringify({ of: 'x"data":[]', count: rows.length, data: rows, last: 1 }),
  ndjson: (rows: readonly object[]) => rows.map((row) => `${JSON.stringify(row)}\n`).join(''),
  csv: (rows: readonly object[]) =>
    stringify([...rows], {
      header: true,
      columns: COLUMNS,
      cast: {
        boolean: String,
        object: (value) => JSON.stringify(value),
        string: (value) => (value === '' ? { value, quoted_empty: true } : value),
      },
    }),
};

const inPieces = {
  json: (rows: Rows<object>) =>
    jsonText(JSON.stringify({ of: 'x"data":[]', count: rows.length, data: [], last: 1 }), 'data', rows),
  ndjson: (rows: Rows<object>) => ndjsonText(rows),
  csv: (rows: Rows<object>) => csvText(COLUMNS, rows, { escapesFormulas: false }),
};

const text = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', ',', '\n', '\r\n', '\u2028', '=1+1', ' a ', 'data":[]', '\\n', "'"),
);
const row = fc.record({
  time: fc.constantFrom('2026-11-20T11:12:13.000001Z', '2026-11-20T11:12:13.123456Z', 'infinity'),
  value: fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(0, -0, 5e-324, 1.7e308, null),
  ),
  text: fc.oneof(text, fc.constantFrom(null, '9223372036854775807')),
  flag: fc.oneof(fc.boolean(), fc.constant(null)),
  tags: fc.oneof(fc.constant(null), fc.dictionary(text, fc.oneof(text, fc.integer(), fc.constant(null)))),
  missing: fc.constant(null),
});

/** As an arriving result has them. With few rows in a pack, the parts of packed rows are tested. */
function packed(rows: readonly object[], size: number): PackedRows<object> {
  const packs = [];
  const { columns } = packedAtOnce(rows, ['time']);
  for (let at = 0; at < rows.length; at += size) {
    const one = packedAtOnce(rows.slice(at, at + size), ['time']);
    packs.push(...one.packs());
  }
  return new PackedRows(columns, packs);
}

describe.each(['json', 'ndjson', 'csv'] as const)('the text of rows as %s', (format) => {
  it('is the same in pieces, for any values and any number of rows', () => {
    fc.assert(
      fc.property(
        fc.array(row, { maxLength: 20 }),
        fc.nat(60),
        fc.integer({ min: 1, max: 30 }),
        (some, times, size) => {
          const rows = Array.from({ length: times }, () => some).flat();
          const whole = atOnce[format](rows);
          expect([...inPieces[format](rows)].join('')).toBe(whole);
          expect([...inPieces[format](packed(rows, size))].join('')).toBe(whole);
        },
      ),
    );
  });

  it('is the same for every part of packed rows', () => {
    const rows = Array.from({ length: 12 }, (_, id) => ({ time: `t${id}`, value: id, text: '\n' }));
    for (let start = 0; start <= 13; start += 1)
      for (let end = start; end <= 14; end += 1) {
        const part = packed(rows, 5).slice(start, end);
        expect([part.length, [...part]]).toEqual([rows.slice(start, end).length, rows.slice(start, end)]);
        expect([...inPieces[format](part)].join('')).toBe(atOnce[format](rows.slice(start, end)));
      }
  });

  it('comes in pieces of limited length, also of wide rows', () => {
    const rows = (count: number, length: number) =>
      Array.from({ length: count }, () => ({ time: 'x'.repeat(length), value: 1 }));
    for (const many of [rows(50_000, 10), rows(3_000, 1_000), rows(20, 200_000)]) {
      const pieces = [...inPieces[format](many)];
      const longestRow = JSON.stringify(many[0]).length;
      expect(Math.max(...pieces.map(({ length }) => length))).toBeLessThan(4 * longestRow + 150_000);
    }
  });
});

describe('CSV for spreadsheets', () => {
  const cell = (value: unknown, escapesFormulas = true): string =>
    [...csvText(['c'], [{ c: value }], { escapesFormulas })].join('').slice(2, -1);

  it.each([
    ['=1+1', "'=1+1"],
    ['=HYPERLINK("http://x";"y")', `"'=HYPERLINK(""http://x"";""y"")"`],
    ['+49 30 1', "'+49 30 1"],
    ['-', "'-"],
    ['-1+cmd|x', "'-1+cmd|x"],
    ['@SUM(1)', "'@SUM(1)"],
    ['\t=1', "'\t=1"],
    ['\r=1', `"'\r=1"`],
    ['\n=1', `"'\n=1"`],
    ['＝1', "'＝1"],
    ['a=1', 'a=1'],
    ["'=1", "'=1"],
    ['', '""'],
  ])('write %j as %s', (text, written) => expect(cell(text)).toBe(written));

  it('leave numbers and everything else as they are', () => {
    for (const value of [-1.5, 1e-7, '-9223372036854775808', '+1', '-1.5e3', null, true, { a: '=1' }])
      expect(cell(value)).toBe(cell(value, false));
    expect(cell(-1.5)).toBe('-1.5');
    expect(cell('=1', false)).toBe('=1');
  });
});

describe('CSV', () => {
  it('shows objects whose JSON is a text as that text, in few rows and in many', () => {
    const c = [new ExactNumber('12345678901234567890'), new Date(0), { a: 'x' }];
    const text = [
      ...csvText(
        ['c'],
        c.map((value) => ({ c: value })),
        { escapesFormulas: false },
      ),
    ].join('');
    expect(text).toBe('c\n12345678901234567890\n1970-01-01T00:00:00.000Z\n"{""a"":""x""}"\n');
  });
});

describe('packed rows', () => {
  it('are unpacked as they were', async () => {
    const rows = Array.from({ length: 1_234 }, (_, id) => ({ id, text: `a\n${id}`, tags: { a: [1, null] } }));
    expect(await packed(rows, 100).unpacked()).toEqual(rows);
    expect(await packed(rows, 100).slice(150, 160).unpacked()).toEqual(rows.slice(150, 160));
    expect(await new PackedRows([], []).unpacked()).toEqual([]);
  });
});
