// What the bytes and the numbers of a file look like.
import { guessDelimiter, guessEncoding } from './guess-bytes';
import { guessDecimal } from './guess-numbers';

describe('guessEncoding', () => {
  const text = 'time,sensor\n2026-11-30,é€\n2026-11-30,x\n';
  it.each<[string, Buffer, string]>([
    ['ASCII', Buffer.from('a,b\n1,2\n'), 'utf-8'],
    ['UTF-8', Buffer.from(text), 'utf-8'],
    ['UTF-8 that is cut within a character', Buffer.from(`${text}é`).subarray(0, -1), 'utf-8'],
    ['UTF-16 LE', Buffer.from(text, 'utf16le'), 'utf-16le'],
    ['UTF-16 BE', Buffer.from(text, 'utf16le').swap16(), 'utf-16be'],
    ['windows-1252', Buffer.from('a\n\x80\xe9\n', 'latin1'), 'windows-1252'],
    ['bytes that windows-1252 has not', Buffer.from('a\n\x81\xe9\n', 'latin1'), 'latin1'],
  ])('knows %s', (_name, bytes, encoding) => expect(guessEncoding(bytes)).toBe(encoding));
});

describe('guessDelimiter', () => {
  it.each<[string, string | undefined]>([
    ['a,b\n1,2\n', ','],
    ['a;b\n1,5;2,5\n', ';'],
    ['a\tb\n"x, y"\t2\n', '\t'],
    ['a|b\n1|2\n', '|'],
    ['a;b,c\n"1;2",3\n4,5\n', ','],
    ['a\n1\n', undefined],
    ['a b\n1,2\n3\n', undefined],
  ])('%j is separated by %j', (text, delimiter) => expect(guessDelimiter(Buffer.from(text))).toBe(delimiter));
});

describe('guessDecimal', () => {
  it.each<[readonly string[], string]>([
    [[], 'point'],
    [['1', '1.5', '1234'], 'point'],
    [['1', '21,5'], 'comma'],
    [['1,234', '21,5'], 'comma'],
    [['0,123'], 'comma'],
    [['1,234'], 'unclear'],
    [['1,234,567'], 'unclear'],
    [['1.234,5'], 'unclear'],
    [['1,234.5'], 'unclear'],
    [["1'234"], 'unclear'],
    [['1 234,5'], 'unclear'],
    [['21,5', '21.5'], 'unclear'],
    [['NaN', 'n/a', ''], 'point'],
  ])('%j has a decimal %s', (texts, kind) => expect(guessDecimal(texts).kind).toBe(kind));
});
