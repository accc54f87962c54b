import { copyValue } from './copy';

/** What PostgreSQL does with a value of COPY text format: https://www.postgresql.org/docs/current/sql-copy.html */
function readAsServer(text: string): string | null {
  if (text === '\\N') return null;
  const special: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
  return text.replace(/\\(.)/gs, (_, character: string) => special[character] ?? character);
}

describe('copyValue', () => {
  it.each([
    '',
    'plain',
    'tab\there',
    'line\nbreak',
    'both\r\n',
    'back\\slash',
    '\\N',
    '\\.',
    '\\t is not a tab',
    '\b\f\v',
    'ends with \\',
    'ü — 温度',
    'NULL',
  ])('keeps %j through the server, on one line and in one field', (value) => {
    const written = copyValue(value);
    expect(written).not.toMatch(/[\n\r\t]/);
    expect(readAsServer(written)).toBe(value);
  });

  it('writes null and absent as \\N', () => {
    expect([copyValue(null), copyValue(undefined)]).toEqual(['\\N', '\\N']);
  });
});
