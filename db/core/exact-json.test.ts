import fc from 'fast-check';
import { ExactNumber, exactNumber, parseJson, writeJson } from './exact-json';

const deep = (inside: string): string => `${'['.repeat(100_000)}${inside}${']'.repeat(100_000)}`;

describe('parseJson', () => {
  it('reads what JSON.parse reads, for any value that a double keeps', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(JSON.parse(writeJson(parseJson(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it.each([
    '9007199254740993',
    '-9007199254740993',
    '18446744073709551615',
    '0.1000000000000000055511151231257827',
    '1e400',
    '1e-400',
    '3.0000000000000000001',
    '123456789012345678e2',
  ])('keeps %s', (text) => {
    const value = parseJson(text);
    expect(value).toBeInstanceOf(ExactNumber);
    expect([String(value), writeJson([value]), JSON.stringify([value])]).toEqual([
      text,
      `[${text}]`,
      `["${text}"]`,
    ]);
  });

  it.each([
    '0',
    '-0',
    '-1.5',
    '1.10',
    '1e3',
    '1E-7',
    '0.1',
    '9007199254740991',
    '21.12345678901234',
    '1.7976931348623157e308',
    '5e-324',
    '0.000000000000000000000001',
  ])('takes %s as the number that it is', (text) => expect(parseJson(text)).toBe(Number(text)));

  it('looks for numbers outside of texts only', () => {
    expect(parseJson('{"a\\\\":"9007199254740993","b\\"":["1e400",1]}')).toEqual({
      'a\\': '9007199254740993',
      'b"': ['1e400', 1],
    });
  });

  it.each([
    '{"a":1,"a":2}',
    '[{"b":{"a":1, "a" :null}}]',
    '{"a":1,"\\u0061":2}',
    '{"__proto__":1,"__proto__":2}',
  ])('refuses two values for one key in %s', (text) =>
    expect(() => parseJson(text)).toThrow('is given twice'),
  );

  it('has the key __proto__ as a key like any other', () => {
    for (const number of ['1', '9007199254740993'])
      expect(Object.keys(parseJson(`{"__proto__":${number},"b":1}`) as object)).toEqual(['__proto__', 'b']);
  });

  it('survives any depth', () => {
    expect(parseJson(deep('1'))).toHaveLength(1);
    expect(() => parseJson(deep('9007199254740993'))).toThrow('it is nested too deep');
  });

  it.each(['', '{', '[1,]', '{"a":01}', "{'a':1}", 'NaN', '"\t"'])('refuses %j', (text) =>
    expect(() => parseJson(text)).toThrow(SyntaxError),
  );
});

describe('exactNumber', () => {
  it.each([
    ['+1.5', 1.5],
    ['1.', 1],
    ['-.5', -0.5],
    ['1.e3', 1_000],
    ['+9007199254740993', '9007199254740993'],
    ['-9007199254740993.', '-9007199254740993'],
    ['.1e-400', '0.1e-400'],
  ])('reads %s', (text, number) => {
    const read = exactNumber(text);
    expect(read instanceof ExactNumber ? String(read) : read).toBe(number);
  });
});
