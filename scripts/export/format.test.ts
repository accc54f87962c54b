// Which format a file gets.
import { fileShape } from './format';

describe('fileShape', () => {
  it.each([
    ['a.csv', 'csv', false],
    ['a.CSV', 'csv', false],
    ['a.csv.gz', 'csv', true],
    ['dir.parquet/a.ndjson', 'ndjson', false],
    ['a.jsonl.gz', 'ndjson', true],
    ['a.parquet', 'parquet', false],
  ])('reads %s', (out, format, gzip) => expect(fileShape(out, undefined, false)).toEqual({ format, gzip }));

  it('takes what was asked for over the name', () => {
    expect(fileShape('a.txt', 'csv', false)).toEqual({ format: 'csv', gzip: false });
    expect(fileShape('a.csv', 'ndjson', true)).toEqual({ format: 'ndjson', gzip: true });
    expect(fileShape('-', 'ndjson', false)).toEqual({ format: 'ndjson', gzip: false });
  });

  it.each(['-', 'a', 'a.txt', 'a.gz', 'a.constructor'])('refuses %s, which says nothing', (out) =>
    expect(() => fileShape(out, undefined, false)).toThrow(/does not say the format; add --format/),
  );

  it('refuses compressed Parquet', () => {
    expect(() => fileShape('a.parquet.gz', undefined, false)).toThrow(/compressed already/);
    expect(() => fileShape('a.parquet', undefined, true)).toThrow(/compressed already/);
  });
});
