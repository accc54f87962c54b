// Cases are written from the public description of the format, including its own examples.
import { ExactNumber } from '../../../db/core/exact-json';
import { lineProtocolPoints } from './line-protocol';
import type { Point } from './point';

const read = (body: string) => [...lineProtocolPoints(body, 'ns')];
const parseLine = (line: string): Point | string | undefined => {
  const [sent, ...others] = read(line);
  expect(others).toEqual([]);
  return sent?.point ?? sent?.reason;
};
const point = (line: string): Point => {
  const parsed = parseLine(line);
  if (typeof parsed !== 'object') throw new Error(parsed);
  return parsed;
};

const field = (text: string) => point(`m f=${text}`).fields[0]?.[1];

describe('parseLine', () => {
  it('reads all parts', () => {
    expect(point('m,tag1=value1,tag2=value2 f1="v",f2=2i,f3=-1.5e3 1556813561098000000')).toEqual({
      name: 'm',
      tags: [
        ['tag1', 'value1'],
        ['tag2', 'value2'],
      ],
      fields: [
        ['f1', 'v'],
        ['f2', 2],
        ['f3', -1500],
      ],
      time: '2019-05-02T16:12:41.098Z',
    });
  });

  it('does without tags and time', () => {
    expect(point('m f=1')).toEqual({ name: 'm', tags: [], fields: [['f', 1]] });
  });

  it.each([
    ['1', 1],
    ['1.', 1],
    ['.5', 0.5],
    ['+1.5', 1.5],
    ['007.50', 7.5],
    ['-0', -0],
    ['+.12345678901234567890', new ExactNumber('0.12345678901234567890')],
    ['00012345678901234567.8', new ExactNumber('12345678901234567.8')],
    ['-1.234456e+78', -1.234456e78],
    ['1E-3', 0.001],
    ['12i', 12],
    ['-12i', -12],
    ['9007199254740993i', new ExactNumber('9007199254740993')],
    ['-9223372036854775808i', new ExactNumber('-9223372036854775808')],
    ['18446744073709551615u', new ExactNumber('18446744073709551615')],
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
    expect(field(text)).toEqual(value);
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
    'e5',
    '.',
    '-',
    '.e1',
  ])('refuses the field value %j', (text) => {
    expect(typeof parseLine(`m f=${text}`)).toBe('string');
  });

  it('takes backslashes before special characters as escapes, and before others as themselves', () => {
    expect(point('my\\ m\\,x\\=,a\\ b=c\\,d\\=e,p=C:\\dir f\\=1=1')).toMatchObject({
      name: 'my m,x\\=',
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
    expect(point('  m,t=x   f=1   -5  ')).toMatchObject({
      fields: [['f', 1]],
      time: '1969-12-31T23:59:59.999999Z',
    });
  });

  it.each([
    ['m', /at least one field/],
    ['m,t=x', /at least one field/],
    ['m ', /at least one field/],
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

describe('lineProtocolPoints', () => {
  const names = (body: string) => read(body).map(({ line, point, reason }) => [line, point?.name ?? reason]);

  it('skips blank lines and comments only, and numbers lines as they stand in the body', () => {
    expect(names('\n   \n# note\r\n  # m f="\nm#x f=1\r\n\nm f="#"\n# end \\\nlast f=1')).toEqual([
      [5, 'm#x'],
      [7, 'm'],
      [9, 'last'],
    ]);
  });

  it('takes a line break in a text as a part of the text: it never begins another point', () => {
    const body = 'log,host=a msg="one\nforged,host=b value=1 0\r\nthree" 0\nnext f=1 0';
    expect(read(body)).toMatchObject([
      { line: 1, point: { fields: [['msg', 'one\nforged,host=b value=1 0\r\nthree']] } },
      { line: 4, point: { name: 'next' } },
    ]);
  });

  it.each([
    'm f=1x,g="a\nforged f=1 0\nb" 0',
    'm,t f="a\nforged f=1 0\nb" 0',
    'm f="a"x,g="a\nforged f=1 0\nb" 0',
    'm f=,g="say \\"x\nforged f=1 0\nb" 0',
  ])('refuses %j as a whole', (faulty) => {
    const sent = read(`${faulty}\nnext f=1 0`);
    expect(sent).toMatchObject([{ line: 1, source: faulty }, { line: 4 }]);
    expect(sent[0]?.reason).toBeDefined();
    expect(sent[1]?.point?.name).toBe('next');
  });

  it('refuses everything after a text that is not closed: nobody knows where it ends', () => {
    const sent = read('a f=1 0\nb f="open\nc f=1 0\nd f=1 0');
    expect(sent.map(({ line, source }) => [line, source])).toEqual([
      [1, 'a f=1 0'],
      [2, 'b f="open\nc f=1 0\nd f=1 0'],
    ]);
    expect(sent[1]?.reason).toContain('close the quotes');
  });

  it('ends a faulty point without texts at its line break', () => {
    expect(names('m,t=x\nnext f=1 0')).toEqual([
      [1, expect.stringContaining('at least one field')],
      [2, 'next'],
    ]);
    expect(names('m f=1 5 "\nnext f=1 0')).toEqual([
      [1, expect.stringContaining('the time')],
      [2, 'next'],
    ]);
  });

  it('takes a backslash before a line break, and units of times, as clients of QuestDB write them', () => {
    expect(read('m,t=a\\\nb s="c\\\nd",at=1000000t,nano=1000000000n 1000000t')).toMatchObject([
      {
        line: 1,
        point: {
          tags: [['t', 'a\nb']],
          fields: [
            ['s', 'c\nd'],
            ['at', '1970-01-01T00:00:01Z'],
            ['nano', '1970-01-01T00:00:01Z'],
          ],
          time: '1970-01-01T00:00:01Z',
        },
      },
    ]);
  });
});
