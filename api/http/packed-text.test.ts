// Values that are written from the bytes of the database have the text that reading them and writing the value would give.
import fc from 'fast-check';
import { types } from 'pg';
import { columnOf } from '../database/columns';
import { type PackedRows, Packer } from './packed-rows';
import { csvText, jsonText, ndjsonText } from './row-text';

const { BOOL, FLOAT4, FLOAT8, INT4, INT8, JSONB, NUMERIC, TEXT, TIMESTAMPTZ } = types.builtins;

/** One row per text, in a column of this type. */
function column(type: number, texts: readonly string[]): PackedRows<object> {
  const packer = new Packer();
  for (const text of texts) {
    const value = Buffer.from(text);
    const row = Buffer.alloc(6 + value.length);
    row.writeInt16BE(1, 0);
    row.writeInt32BE(value.length, 2);
    value.copy(row, 6);
    packer.add(row, 0, row.length);
  }
  return packer.rows([columnOf({ name: 'c', dataTypeID: type } as never)]);
}

function expectSame(type: number, texts: readonly string[]): void {
  const rows = column(type, texts);
  const read = [...rows];
  const written = (make: (rows: PackedRows<object> | object[]) => Iterable<string | Buffer>) => {
    const [packed, objects] = [rows, read].map((some) => [...make(some)].map(String).join(''));
    expect(packed).toBe(objects);
  };
  written((some) => ndjsonText(some));
  written((some) => jsonText('{"data":[]}', 'data', some));
  for (const escapesFormulas of [false, true]) written((some) => csvText(['c'], some, { escapesFormulas }));
}

const exact = (type: number, arbitrary: fc.Arbitrary<string>) =>
  fc.assert(
    fc.property(fc.array(arbitrary, { minLength: 1, maxLength: 20 }), (texts) => expectSame(type, texts)),
    {
      numRuns: 500,
    },
  );

const digits = (most: number) => fc.stringMatching(new RegExp(`^[0-9]{1,${most}}$`));
const decimals = fc
  .tuple(fc.constantFrom('', '-'), digits(20), fc.constantFrom('', '.'), digits(20))
  .map(([sign, whole, point, fraction]) => `${sign}${whole}${point}${point && fraction}`);

describe('values that are written as the database wrote them', () => {
  it('are the same numbers', () => {
    const limits = [
      ...[
        '0',
        '-0',
        '0.1',
        '-0.1',
        '-0.0',
        '1.0',
        '1.50',
        '00',
        '0.000001',
        '0.0000001',
        '0.0000012',
        '-0.000001',
      ],
      ...[
        '999999999999999',
        '9999999999999999',
        '9007199254740993',
        '123456789012345.6',
        '12345678901234.56',
      ],
      ...['1e+20', '1e-07', '1.5e+300', 'NaN', 'Infinity', '-Infinity'],
    ];
    for (const type of [FLOAT4, FLOAT8, NUMERIC]) expectSame(type, limits);
    exact(NUMERIC, decimals);
    exact(
      FLOAT4,
      fc.float({ noNaN: true, noDefaultInfinity: true }).map((value) => String(Number(value.toPrecision(7)))),
    );
    exact(FLOAT8, fc.double({ noNaN: true }).map(String));
    exact(FLOAT8, fc.double({ noNaN: true, min: -1e16, max: 1e16 }).map(String));
    exact(INT4, fc.integer().map(String));
    exact(INT8, fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String));
    exact(
      JSONB,
      decimals.filter((text) => /^-?(0|[1-9]\d*)(\.\d+)?$/.test(text)),
    );
    exact(JSONB, fc.json());
  });

  it('are the same texts', () => {
    exact(TEXT, fc.string({ unit: 'binary' }));
    exact(TEXT, fc.string({ unit: fc.constantFrom(...'a",\\\n\r\t\u007f\u0000é\u2028=+-@1 ') }));
    expectSame(BOOL, ['t', 'f']);
  });

  it('are the same times', () => {
    expectSame(TIMESTAMPTZ, [
      ...[
        '2026-11-20 11:11:24.123456+00',
        '2026-11-20 11:11:24+00',
        '0001-01-01 00:00:00+00',
        'infinity',
        '-infinity',
      ],
      ...['12026-11-20 11:11:24.1+00', '0044-03-15 00:00:00+00 BC', '2026-11-20 11:11:24+05:30', ''],
    ]);
  });
});
