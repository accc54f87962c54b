// Keys as texts.
import { hideKeys, KEY_ID_PATTERN, keyText, newKeyParts, parseKey } from './key-text';

const SECRET = `${'aB0_-'.repeat(8)}xyz`;
const KEY = `tsdb_abcdefgh0123_${SECRET}`;

describe('a key', () => {
  it('is made of an id and 256 random bits, and read back', () => {
    const made = Array.from({ length: 200 }, newKeyParts);
    for (const parts of made) {
      expect(parts.id).toMatch(new RegExp(KEY_ID_PATTERN));
      expect(Buffer.from(parts.secret, 'base64url')).toHaveLength(32);
      expect(parseKey(keyText(parts))).toEqual(parts);
    }
    expect(new Set(made.map(({ id }) => id)).size).toBe(200);
    expect(new Set(made.map(({ secret }) => secret)).size).toBe(200);
  });

  it.each([
    '',
    'tsdb_',
    KEY.slice(1),
    KEY.slice(0, -1),
    `${KEY}x`,
    `${KEY}\n`,
    KEY.toUpperCase(),
    KEY.replace('abc', 'ab'),
    `tsdb_abcdefgh0123_${'+'.repeat(43)}`,
  ])('is not %j', (text) => expect(parseKey(text)).toBeUndefined());

  it('reads a key', () => expect(parseKey(KEY)).toEqual({ id: 'abcdefgh0123', secret: SECRET }));
});

describe('hideKeys', () => {
  it.each([
    [`/api/sensors?key=${KEY}&x=1`, '/api/sensors?key=tsdb_abcdefgh0123_hidden&x=1'],
    [`${KEY} ${KEY}`, 'tsdb_abcdefgh0123_hidden tsdb_abcdefgh0123_hidden'],
    // Parts of a secret are secret, too.
    [KEY.slice(0, 30), 'tsdb_abcdefgh0123_hidden'],
    ['/api/series/tsdb_metrics', '/api/series/tsdb_metrics'],
    ['', ''],
  ])('%j → %j', (text, hidden) => expect(hideKeys(text)).toBe(hidden));
});
