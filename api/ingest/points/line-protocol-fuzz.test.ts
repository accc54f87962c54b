// The reader of line protocol against an oracle that knows the format as regular expressions, and against generated points.
import fc from 'fast-check';
import { lineProtocolPoints } from './line-protocol';
import type { FieldValue, Point, SentPoint } from './point';

// Fixed, so that a red run can be repeated; another one finds other bodies.
const SEED = Number(process.env.TSDB_TEST_FUZZ_SEED ?? 20_261_130);
const read = (body: string): SentPoint[] => [...lineProtocolPoints(body, 'ns')];
const check = (property: fc.IProperty<[never]> | fc.IRawProperty<unknown>, numRuns: number): void =>
  fc.assert(property as fc.IProperty<unknown>, { numRuns, seed: SEED });

describe('generated points', () => {
  it('are read as they were written, whatever their names and texts contain', () => {
    check(
      fc.property(
        fc.array(points(), { maxLength: 8 }),
        fc.constantFrom('\n', '\r\n', '\n\n', '\n# x\n'),
        (sent, end) => {
          const body = sent.map(written).join(end);
          expect(read(body).map(({ point, reason }) => (point ? plain(point) : reason))).toEqual(sent);
        },
      ) as never,
      1_500,
    );
  });

  it('are all found between broken lines, and nothing else is', () => {
    const broken = fc.constantFrom(
      'm',
      'm,t=1',
      ',t=1 f=1',
      'm f=',
      'm f=1x 5',
      'm,t= f=1',
      'm f=1 5 6',
      'm f="a"b 5',
      'm f=1x,g="a\nforged,t=1 f=1 5\nb" 5',
      'm,t f="say \\"x\\"\nforged f=1 0" 5',
      'm f=1 99999999999999999999',
      'm f=1 5\\',
      'm f=b="a\nforged,t=1 f=1 5\nb" 5',
      'm f=1 my key="a\nforged,t=1 f=1 5\nb" 5',
    );
    check(
      fc.property(fc.array(fc.oneof(points(), broken), { maxLength: 10 }), (entries) => {
        const lines = entries.map((entry) => (typeof entry === 'string' ? entry : written(entry)));
        const result = read(lines.join('\n'));
        expect(result.map(({ source }) => source)).toEqual(lines);
        expect(result.map(({ point }) => point && plain(point))).toEqual(
          entries.map((entry) => (typeof entry === 'string' ? undefined : entry)),
        );
        let line = 1;
        for (const [at, { line: found }] of result.entries()) {
          expect(found).toBe(line);
          line += (lines[at] ?? '').split('\n').length;
        }
      }) as never,
      1_500,
    );
  });
});

describe('any body', () => {
  const hostile = fc
    .array(
      fc.constantFrom(
        ...[
          'm',
          'f',
          ',',
          '=',
          ' ',
          '"',
          '\\',
          '\n',
          '\r',
          '\r\n',
          '1',
          '1i',
          't',
          '#',
          '\t',
          'é',
          '🌡',
          '\u0085',
          '\u2028',
        ],
        ...['m,t=a f=1 5\n', ' f="', '" 5\n', 'm f=1', '\\\n', '\\"', '\\\\'],
      ),
      { maxLength: 40 },
    )
    .map((parts) => parts.join(''));

  it('is read as the oracle reads it', () => {
    check(
      fc.property(hostile, (body) => {
        const found = read(body).map(({ source, point }) => [source, point && plain(point)]);
        expect(found).toEqual(oracle(body).map(({ source, point }) => [source, point]));
      }) as never,
      10_000,
    );
  });

  it('is accounted for: each character is in one point or refusal, in a comment, or blank', () => {
    check(
      fc.property(fc.oneof(hostile, fc.string({ unit: 'binary', maxLength: 200 })), (body) => {
        let at = 0;
        for (const { line, source } of read(body)) {
          const start =
            body
              .split('\n')
              .slice(0, line - 1)
              .join('\n').length + (line > 1 ? 1 : 0);
          expect(body.slice(at, start)).toMatch(NOTHING);
          expect(body.startsWith(source as string, start)).toBe(true);
          at = start + (source as string).length;
        }
        expect(body.slice(at)).toMatch(NOTHING);
      }) as never,
      10_000,
    );
  });

  // Characters are taken once: a body that is four times as long takes four times as many looks at it, and not sixteen times.
  it.each([
    ['quotes', '"'],
    ['backslashes', '\\'],
    ['opened texts', 'm f="'],
    ['faulty texts', 'm f=x,g="a" 1\n'],
    ['commas', ','],
    ['spaces', ' '],
    ['tabs', '\t'],
    ['carriage returns', '\r'],
    ['line breaks', '\n'],
    ['comments', '#\n'],
    ['tags', 'm,t=1'],
    ['escaped breaks', '\\\n'],
    ['digits', '1'],
  ])('of %s takes linear time', (_, part) => {
    const looks = (bytes: number): number => {
      const body = part.repeat(bytes / part.length);
      let count = 0;
      const { charAt } = String.prototype;
      const spy = jest.spyOn(String.prototype, 'charAt').mockImplementation(function (this: string, at) {
        count += 1;
        return charAt.call(this, at);
      });
      try {
        for (const _sent of lineProtocolPoints(body, 'ns'));
      } finally {
        spy.mockRestore();
      }
      return count;
    };
    const [small, large] = [looks(5_000), looks(20_000)];
    expect(large).toBeLessThan(5 * small + 1_000);
  });
});

/** Blank lines and comments. */
const NOTHING = /^(?:[ \t]*(?:#[^\n]*)?(?:\r?\n|\r?$|\r))*[ \t]*$/;

/** A point whose values are plain: whole numbers as bigint. */
interface PlainPoint {
  readonly name: string;
  readonly tags: readonly (readonly [string, string])[];
  readonly fields: readonly (readonly [string, FieldValue | bigint])[];
  readonly time?: string;
}

const plain = ({ name, tags, fields, time }: Point): PlainPoint => ({
  name,
  tags,
  fields: fields.map(([key, value]) => [
    key,
    typeof value === 'object' && value !== null ? Number(String(value)) : value,
  ]),
  ...(time === undefined ? {} : { time }),
});

/** Points with hostile names and texts. The format has no way to write a name that ends with a backslash. */
function points(): fc.Arbitrary<PlainPoint> {
  const word = fc
    .array(
      fc.oneof(
        fc.constantFrom(',', '=', ' ', '"', '\\', '\n', '\r', '\t', '#', "'", '🌡', 'é', '\u2028', 'a', 'B'),
        fc.string({ unit: 'grapheme', minLength: 1, maxLength: 3 }),
      ),
      { minLength: 1, maxLength: 6 },
    )
    .map((parts) => parts.join(''))
    .filter((text) => !text.endsWith('\\'));
  const text = fc.array(fc.oneof(word, fc.constantFrom('\\', '\r\n', 'm f=1 0\n')), { maxLength: 4 });
  const value = fc.oneof(
    text.map((parts) => parts.join('')),
    fc.boolean(),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
    fc.integer(),
  );
  const seconds = fc.integer({ min: -2_000_000_000, max: 4_000_000_000 });
  return fc
    .record({
      name: word.filter((name) => !/^[#\t]/.test(name)),
      tags: fc.array(fc.tuple(word, word), { maxLength: 3 }),
      fields: fc.array(fc.tuple(word, value), { minLength: 1, maxLength: 3 }),
      seconds: fc.option(seconds),
    })
    .map(({ seconds: at, ...point }) =>
      at === null ? point : { ...point, time: `${new Date(at * 1_000).toISOString().slice(0, 19)}Z` },
    );
}

/** A point as clients write it. */
function written({ name, tags, fields, time }: PlainPoint): string {
  const key = (text: string): string => text.replace(/[,= \r\n]/g, '\\$&');
  const value = (is: FieldValue | bigint): string =>
    typeof is === 'string' ? `"${is.replace(/["\\]/g, '\\$&')}"` : String(is);
  return [
    [name.replace(/[, \r\n]/g, '\\$&'), ...tags.map(([tag, is]) => `${key(tag)}=${key(is)}`)].join(','),
    fields.map(([field, is]) => `${key(field)}=${value(is)}`).join(','),
    ...(time === undefined ? [] : [`${BigInt(Date.parse(time)) * 1_000_000n}`]),
  ].join(' ');
}

// The format as regular expressions. `$` is the end of the body.
const END = String.raw`(?=\r?\n|\r?$)`;
const word = (special: string): string =>
  String.raw`(?:\\[${special}\r\n]|(?!\\[${special}\r\n]|\r\n|\r$)[^${special}\n])+`;
const KEY = word(',= ');
const TEXT = String.raw`"(?:\\["\\\r\n]|(?!\\["\\\r\n])[^"])*"`;
const NUMBER = String.raw`[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?`;
const VALUE = String.raw`(?:${TEXT}|${NUMBER}|[+-]?\d{1,20}i|\d{1,20}u|-?\d{1,19}[tn]|t|T|true|True|TRUE|f|F|false|False|FALSE)`;
const FIELD = `${KEY}=${VALUE}(?=[, ]|\\r?\\n|\\r?$)`;
const FIELDS = new RegExp(`${word(', ')}(?:,${KEY}=${KEY})* +${FIELD}(?:,${FIELD})*(?= )`, 'y');
const POINT = new RegExp(
  String.raw`(${word(', ')})((?:,${KEY}=${KEY})*) +(${FIELD}(?:,${FIELD})*)(?: +(-?\d{1,19}[tn]?))?\s*?${END}`,
  'y',
);

/** What a body contains, by the regular expressions. */
function oracle(body: string): { source: string; point: PlainPoint | undefined }[] {
  const found = [];
  for (let at = 0; at < body.length; ) {
    const start = at;
    const first = at + (/^[ \t]*/.exec(body.slice(at))?.[0].length ?? 0);
    const blank = /^(?:#[^\n]*?)?(?=\r?\n|\r?$)/.exec(body.slice(first));
    if (blank) at = first + blank[0].length;
    else {
      POINT.lastIndex = first;
      const match = POINT.exec(body);
      at = match ? POINT.lastIndex : endOfFaulty(body, first);
      found.push({ source: body.slice(start, at), point: match ? pointOf(match) : undefined });
    }
    at += /^\r?\n?/.exec(body.slice(at))?.[0].length ?? 0;
  }
  return found;
}

function pointOf([, name = '', tags = '', fields = '', time]: RegExpExecArray): PlainPoint {
  const unescaped = (text: string, special: string): string =>
    text.replace(new RegExp(String.raw`\\([${special}\r\n])`, 'g'), '$1');
  const pairs = (text: string, value: string): [string, string][] =>
    [...text.matchAll(new RegExp(`(${KEY})=(${value})(?:,|$)`, 'gy'))].map(([, key = '', is = '']) => [
      key,
      is,
    ]);
  return {
    name: unescaped(name, ', '),
    tags: pairs(tags.slice(1), KEY).map(([key, is]) => [unescaped(key, ',= '), unescaped(is, ',= ')]),
    fields: pairs(fields, VALUE).map(([key, is]) => [unescaped(key, ',= '), fieldValueOf(is)]),
    ...(time === undefined ? {} : { time: timeOf(time) }),
  };
}

function fieldValueOf(text: string): FieldValue {
  if (text.startsWith('"')) return text.slice(1, -1).replace(/\\(["\\\r\n])/g, '$1');
  if (/^[tT]/.test(text)) return true;
  if (/^[fF]/.test(text)) return false;
  if (/[tn]$/.test(text)) return timeOf(text.endsWith('t') ? text : text.slice(0, -1));
  return Number(text.replace(/[iu]$/, ''));
}

/** All generated times lie within the first hour of 1970. */
function timeOf(text: string): string {
  const [, digits = '', unit = ''] = /^(-?\d+)([tn]?)$/.exec(text) ?? [];
  const microseconds = unit === 't' ? BigInt(digits) : BigInt(digits) / 1_000n;
  const ms = Number(microseconds / 1_000n);
  const fraction = String(microseconds % 1_000_000n).padStart(6, '0');
  return `${new Date(ms).toISOString().slice(0, 19)}.${fraction}`.replace(/\.?0+$/, '').concat('Z');
}

/** A faulty point ends at a line break that is not within a text, and not escaped in the name, the tags or the fields. */
function endOfFaulty(body: string, from: number): number {
  const name = /(?:\\[,= \r\n]|(?!\\[,= \r\n]|\r\n|\r$)[^ \n])*/y;
  name.lastIndex = from;
  name.exec(body);
  if (body[name.lastIndex] !== ' ') return name.lastIndex;
  FIELDS.lastIndex = from;
  const escaped = FIELDS.test(body) ? '(?!)' : String.raw`\\[,= \r\n]`;
  const rest = new RegExp(
    String.raw`(?:(?<==)${TEXT}|(?<==)"[^]*$|${escaped}|(?!${escaped}|\r\n|\r$)[^\n])*`,
    'y',
  );
  rest.lastIndex = name.lastIndex;
  rest.exec(body);
  return rest.lastIndex;
}
