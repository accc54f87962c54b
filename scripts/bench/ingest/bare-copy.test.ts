import { piecesOf } from './bare-copy';

const pieces = (text: string, rows: number) =>
  [...piecesOf(Buffer.from(text), rows)].map((piece) => piece.toString());

it('cuts a file after whole lines and leaves its header out', () => {
  expect(pieces('head\na\nb\nc\n', 2)).toEqual(['a\nb\n', 'c\n']);
  expect(pieces('head\na\nb\n', 2)).toEqual(['a\nb\n']);
  expect(pieces('head\n', 2)).toEqual([]);
});

it('gives each piece once when several connections take from it', () => {
  const shared = piecesOf(Buffer.from('head\na\nb\n'), 1);
  expect([shared.next(), shared.next(), shared.next()].map(({ value }) => value?.toString())).toEqual([
    'a\n',
    'b\n',
    undefined,
  ]);
});
