import fc from 'fast-check';
import { lineProtocolPoints, PRECISIONS, type Precision } from './line-protocol';
import { usualPoints } from './usual-points';

/** What the full reader makes of a line: a second space before the fields is left to it. */
const readFully = (line: string, precision: Precision) => {
  const [sent] = lineProtocolPoints(line.replace(' ', '  '), precision);
  return sent?.point ?? sent?.reason;
};

describe('usualPoints', () => {
  it.each([
    'm f=1 1795176000000000000',
    'm f=1',
    'm,t=a,u=b f=1.5,g=-2i 1795176000123456789',
    'm f=-0,g=-0i,h=007 1000',
    'm f=0.000001,g=123456789012345 9999',
    'ü,t=ö ä=1 5000',
  ])('reads %s', (line) => {
    const point = usualPoints(line, 'ns').read(0);
    expect(point).toEqual(readFully(line, 'ns'));
    expect(point).toBeDefined();
  });

  it.each([
    '# m f=1',
    ' m f=1',
    'm',
    'm ',
    'm f=',
    'm f=1 ',
    'm f=1 5 6',
    'm f=1 -5',
    'm f=1 5t',
    'm f=1e5',
    'm f=+1',
    'm f=1.',
    'm f=.5',
    'm f=1.5i',
    'm f=1234567890123456',
    'm f="a"',
    'm f=true',
    'm f=1,',
    'm,t= f=1',
    'm,t=a=b f=1',
    'm,t=a\\,b f=1',
    'm\tf=1',
    'm f=1\r',
    'm f=1 9999999999999999999',
    '',
  ])('leaves %j to the full reader', (line) => {
    expect(usualPoints(line, 'ns').read(0)).toBeUndefined();
  });

  it('reads each line as the full reader does, whatever the lines before were', () => {
    const word = fc.constantFrom('m', 'mm', 't', 'ta', 'value', 'ü', '__proto__', '0');
    const number = fc.oneof(
      fc.integer().map(String),
      fc.double({ noNaN: true, min: -1e9, max: 1e9 }).map(String),
      fc.integer().map((n) => `${n}i`),
      fc.constantFrom('0', '-0', '1.50', '00.1', '1e3', '"a"', 't', '-', ''),
    );
    const time = fc.oneof(
      fc.constantFrom('', ' 0', ' 1', ' 999', ' 1000', ' -1', ' 1795176000'),
      fc.bigInt({ min: 0n, max: 10n ** 19n }).map((n) => ` ${n}`),
    );
    const line = fc
      .tuple(
        word,
        fc.array(fc.tuple(word, word), { maxLength: 2 }),
        fc.array(fc.tuple(word, number), { minLength: 1, maxLength: 3 }),
        time,
      )
      .map(
        ([name, tags, fields, at]) =>
          `${name}${tags.map(([key, text]) => `,${key}=${text}`).join('')} ${fields.map((field) => field.join('=')).join(',')}${at}`,
      );
    fc.assert(
      fc.property(
        fc.array(line, { minLength: 1, maxLength: 5 }),
        fc.constantFrom('\n', '\r\n'),
        fc.constantFrom(...PRECISIONS),
        (lines, end, precision) => {
          const read = [...lineProtocolPoints(lines.join(end), precision)];
          expect(read.map(({ line: at }) => at)).toEqual(lines.map((_, at) => at + 1));
          expect(read.map(({ source }) => source)).toEqual(lines);
          expect(read.map(({ point, reason }) => point ?? reason)).toEqual(
            lines.map((one) => readFully(one, precision)),
          );
        },
      ),
      { numRuns: 5_000 },
    );
  });
});
