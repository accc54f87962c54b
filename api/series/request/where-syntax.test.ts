// Conditions as people write them: each either means what it looks like, or is refused with the way out.
import fc from 'fast-check';
import { orderMetrics } from '../../../db/schema/business';
import { sensorData } from '../../../db/schema/iot';
import { metric } from '../../../db/schema/metrics';
import { ProblemError } from '../../http/problems';
import { type Condition, filteredColumns, filterSql, parseFilters } from './filters';

/** The conditions as SQL with their values in place, brackets included. */
function shown(
  texts: string | readonly string[],
  table = sensorData as Parameters<typeof parseFilters>[0],
): string {
  const bind = (value: unknown) => JSON.stringify(value);
  return parseFilters(table, [texts].flat())
    .map((condition) =>
      filterSql(condition, bind).replaceAll('"sensor_id"', 's').replaceAll('"temperature"', 't'),
    )
    .join(' AND ');
}

function problemOf(text: string, table = sensorData as Parameters<typeof parseFilters>[0]): string {
  try {
    return JSON.stringify(parseFilters(table, [text]));
  } catch (error) {
    if (error instanceof ProblemError) return `${error.problem}: ${error.detail}`;
    throw error;
  }
}

describe('conditions with and, or and brackets', () => {
  it.each([
    ['sensor_id=a or temperature>30', '(s = "a" OR t > "30")'],
    ['sensor_id=a and temperature>30', 's = "a" AND t > "30"'],
    ['sensor_id=a or sensor_id=b and temperature>30', '(s = "a" OR (s = "b" AND t > "30"))'],
    ['(sensor_id=a or sensor_id=b) and temperature>30', '(s = "a" OR s = "b") AND t > "30"'],
    ['( sensor_id = a  OR ( temperature<1 AND temperature>-1 ) )', '(s = "a" OR (t < "1" AND t > "-1"))'],
    ['((sensor_id=a))', 's = "a"'],
    ['sensor_id in ["a","b or c"] or temperature is null', '(s = ANY (["a","b or c"]) OR t IS NULL)'],
    [
      'sensor_id in (\'a\', "b", c d) and temperature is not null',
      's = ANY (["a","b","c d"]) AND t IS NOT NULL',
    ],
    ['sensor_id=\'a or b\' or sensor_id="c and d"', '(s = "a or b" OR s = "c and d")'],
    ['sensor_id=orange or sensor_id=android', '(s = "orange" OR s = "android")'],
    ['sensor_id=room (left)', 's = "room (left)"'],
    ['(sensor_id=room (left))', 's = "room (left)"'],
    ['temperature IS NULL', 't IS NULL'],
  ])('reads %s', (text, expected) => expect(shown(text)).toBe(expected));

  it('reads JSON with words and brackets in it', () => {
    expect(shown('tags @> {"a":"x) or y"} or device_id=d', metric)).toBe(
      '("tags" @> "{\\"a\\":\\"x) or y\\"}" OR "device_id" = "d")',
    );
    expect(shown(`tags @> '{"a":1}'`, metric)).toBe('"tags" @> "{\\"a\\":1}"');
    expect(shown('tags @> "a"', metric)).toBe('"tags" @> "\\"a\\""');
    expect(shown('tags is null', metric)).toBe('"tags" IS NULL');
  });

  it('knows every column of joined conditions', () => {
    const conditions: readonly Condition[] = parseFilters(sensorData, [
      'sensor_id=a or (temperature>3 and humidity=1)',
    ]);
    expect(filteredColumns(conditions)).toEqual(['sensor_id', 'temperature', 'humidity']);
  });
});

describe('values in quotes', () => {
  it.each([
    [`sensor_id='a'`, 'a'],
    [`sensor_id="a"`, 'a'],
    [`sensor_id= a `, 'a'],
    [`sensor_id==a`, 'a'],
    [`sensor_id=' a '`, ' a '],
    [`sensor_id=''`, ''],
    [`sensor_id='it''s'`, `it's`],
    [`sensor_id='''a'''`, `'a'`],
    [`sensor_id="'a'"`, `'a'`],
    [`sensor_id='"a"'`, '"a"'],
    [`sensor_id="\\"a\\""`, '"a"'],
    [`sensor_id=O'Brien`, `O'Brien`],
    ['sensor_id=room 1, left', 'room 1, left'],
    ['sensor_id=a,b "c"', 'a,b "c"'],
    [`sensor_id='null'`, 'null'],
    [`sensor_id='a,b'`, 'a,b'],
    [`sensor_id>'10'`, '10'],
    [`sensor_id=10`, '10'],
    [`temperature='30'`, '30'],
    [`temperature="3e1"`, '30'],
  ])('reads %s', (text, expected) => {
    expect(parseFilters(sensorData, [text])).toMatchObject([{ values: [expected] }]);
  });

  it('reads quoted values of other types', () => {
    const id = '123e4567-e89b-42d3-a456-426614174000';
    expect(parseFilters(orderMetrics, [`order_id='${id}'`])).toMatchObject([{ values: [id], cast: 'uuid' }]);
  });

  it('gives back any text that is written in quotes, also in brackets and beside other conditions', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), fc.constantFrom("'", '"'), (value, quote) => {
        fc.pre(!value.includes('\0'));
        const written = quote === '"' ? JSON.stringify(value) : `'${value.replaceAll("'", "''")}'`;
        const expected = { column: 'sensor_id', operator: '=', values: [value], cast: 'text' };
        expect(parseFilters(sensorData, [`sensor_id=${written}`])).toEqual([expected]);
        expect(
          parseFilters(sensorData, [`(temperature>1 or sensor_id = ${written}) and humidity=1`])[0],
        ).toMatchObject({
          of: [{}, expected],
        });
      }),
    );
  });
});

describe('what would silently match nothing', () => {
  it.each([
    [`sensor_id='a`, 'lacks a closing single quote'],
    [`sensor_id='a'b`, 'goes on after the closing quote'],
    [`sensor_id="a`, 'does not end'],
    [`sensor_id="\\x"`, 'not a JSON string'],
    ['sensor_id=null', 'write sensor_id is null'],
    ['sensor_id!=NULL', 'write sensor_id is null, or sensor_id is not null'],
    ['sensor_id in (a, null)', 'write sensor_id is null'],
    [
      'sensor_id=a,b',
      `sensor_id in ["a","b"]; if the text itself is meant, write it in quotes: sensor_id='a,b'`,
    ],
    ['sensor_id>10', '"9" comes after "10"'],
    ['sensor_id===a', '"===" is no operator'],
    ['sensor_id=~/a.*/', '"=~" is no operator'],
    ['temperature=>5', '"=>" is no operator'],
    ['sensor_id like a%', '"like" is no operator'],
    ['sensor_id not in ["a"]', 'is no operator'],
    ['sensor_id is a', '"is" is no operator'],
    ['sensor_id ilike a', '"ilike" is no operator'],
    ['temperature between 1 and 5', '"between" is no operator'],
    ['temperature>1 and 5', 'compared with nothing'],
    ['sensor_id=“a”', 'typographic quote'],
    ['sensor_id=a && temperature>5', 'Join conditions with and and or'],
    ['sensor_id=a || temperature>5', 'Join conditions with and and or'],
    ['sensor_id=a temperature>5', 'contains another comparison'],
    ['sensor_id=this or that', 'compared with nothing'],
    ['sensor_id=a or temprature>30', 'There is no column "temprature"'],
    ['(sensor_id=a', 'lacks a closing bracket'],
    ['sensor_id=a)', 'unmatched bracket'],
    ['temperature>1)', 'unmatched bracket'],
    ['(temperature>1) sensor_id=a', 'closing bracket without'],
    ['sensor_id=a or', 'lacks a column at its end'],
    ['', 'lacks a column at its end'],
    ["time>'2026-01-01'", 'Choose the time with period'],
    [`${'('.repeat(30)}temperature>1${')'.repeat(30)}`, 'more than 20 brackets'],
    [Array.from({ length: 300 }, () => 'temperature=1').join(' or '), 'more than 200 comparisons'],
    [`sensor_id in (${Array.from({ length: 1_001 }, () => 'a').join(',')})`, '1 to 1000'],
  ])('refuses %s', (text, why) => {
    expect(problemOf(text)).toMatch(/^bad-filter: /);
    expect(problemOf(text)).toContain(why);
  });

  it('never fails in another way, whatever is written', () => {
    const part = fc.constantFrom(
      'sensor_id',
      'temperature',
      ' ',
      '=',
      '>',
      '(',
      ')',
      "'",
      '"',
      ' or ',
      ' and ',
      ' in ',
      '[',
      ']',
      ' is null',
      'a',
      ',',
      '\\',
      '3',
      '{',
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 20 }), (parts) => void problemOf(parts.join(''))),
      { numRuns: 2_000 },
    );
  });
});
