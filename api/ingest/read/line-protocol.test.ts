// Cases are written from the public description of the format, including its own examples.
import { isSkipped, type Point, parseLine } from './line-protocol';

const point = (line: string): Point => {
  const parsed = parseLine(line);
  if (typeof parsed === 'string') throw new Error(parsed);
  return parsed;
};

const field = (text: string) => point(`m f=${text}`).fields[0]?.[1];

describe('parseLine', () => {
  it('reads all parts', () => {
    expect(point('m,tag1=value1,tag2=value2 f1="v",f2=2i,f3=-1.5e3 1556813561098000000')).toEqual({
      measurement: 'm',
      tags: [
        ['tag1', 'value1'],
        ['tag2', 'value2'],
      ],
      fields: [
        ['f1', 'v'],
        ['f2', 2],
        ['f3', -1500],
      ],
      timestamp: '1556813561098000000',
    });
  });

  it('does without tags and time', () => {
    expect(point('m f=1')).toEqual({ measurement: 'm', tags: [], fields: [['f', 1]] });
  });

  it.each([
    ['1', 1],
    ['1.', 1],
    ['.5', 0.5],
    ['+1.5', 1.5],
    ['-1.234456e+78', -1.234456e78],
    ['1E-3', 0.001],
    ['12i', 12],
    ['-12i', -12],
    ['9007199254740993i', '9007199254740993'],
    ['-9223372036854775808i', '-9223372036854775808'],
    ['18446744073709551615u', '18446744073709551615'],
    ['7u', 7],
    ['t', true],
    ['T', true],
    ['true', true],
    ['True', true],
    ['TRUE', true],
    ['f', false],
    ['F', false],
    ['false', false],
    ['False', false],
    ['FALSE', false],
    ['""', ''],
    ['"a, b = c"', 'a, b = c'],
    ['"say \\"hi\\""', 'say "hi"'],
    ['"back\\\\slash"', 'back\\slash'],
    ['"other \\n escape"', 'other \\n escape'],
    ['"温度 🌡"', '温度 🌡'],
  ])('reads the field value %s', (text, value) => {
    expect(field(text)).toBe(value);
  });

  it.each([
    'tRUE',
    'yes',
    'NaN',
    'inf',
    '-Infinity',
    '0x10',
    '1.5i',
    '-1u',
    '9223372036854775808i',
    '18446744073709551616u',
    '1e5i',
    "'single'",
    '"open',
    '"closed"x',
    '',
    '1_000',
    '--1',
    '1e',
  ])('refuses the field value %j', (text) => {
    expect(typeof parseLine(`m f=${text}`)).toBe('string');
  });

  it('takes backslashes before special characters as escapes, and before others as themselves', () => {
    expect(point('my\\ m\\,x\\=,a\\ b=c\\,d\\=e,p=C:\\dir f\\=1=1')).toMatchObject({
      measurement: 'my m,x\\=',
      tags: [
        ['a b', 'c,d=e'],
        ['p', 'C:\\dir'],
      ],
      fields: [['f=1', 1]],
    });
  });

  it('keeps quotes in tags: they are part of the value', () => {
    expect(point('m,t="x" f=1').tags).toEqual([['t', '"x"']]);
  });

  it('takes several spaces between the parts, and around the line', () => {
    expect(point('  m,t=x   f=1   -5  ')).toMatchObject({ fields: [['f', 1]], timestamp: '-5' });
  });

  it.each([
    ['m', /at least one field/],
    ['m,t=x', /at least one field/],
    ['m ', /field must have the form/],
    [',t=x f=1', /must begin with the measurement/],
    ['m,t f=1', /tag must have the form/],
    ['m,=x f=1', /tag must have the form/],
    ['m,t= f=1', /tag t has no valid value/],
    ['m,t=a=b f=1', /tag t has no valid value/],
    ['m,t=x, f=1', /tag must have the form/],
    ['m f', /field must have the form/],
    ['m =1', /field must have the form/],
    ['m f=1,', /field must have the form/],
    ['m f=1,,g=2', /field must have the form/],
    ['m f=1 x', /the time/],
    ['m f=1 1.5', /the time/],
    ['m f=1 1 2', /the time/],
    ['m f="a"1', /the time/],
    ['m f=1 99999999999999999999', /the time/],
    ['m f=1\t5', /no valid value/],
  ])('refuses %j and says why', (line, reason) => {
    expect(parseLine(line)).toMatch(reason);
  });
});

describe('isSkipped', () => {
  it('skips blank lines and comments only', () => {
    expect(['', '   ', '# note', '  # note', 'm#x f=1', 'm f="#"'].map(isSkipped)).toEqual([
      true,
      true,
      true,
      true,
      false,
      false,
    ]);
  });
});
