// Hashes of secrets.
import { scryptSync } from 'node:crypto';
import { hashSecret, isSecretOf } from './secret';

describe('a hash', () => {
  it('is scrypt with its parameters and salt in the text', async () => {
    const [name, n, r, p, salt = '', hash] = (await hashSecret('s3cret')).split('$');
    expect([name, n, r, p]).toEqual(['scrypt', '16384', '8', '1']);
    const expected = scryptSync('s3cret', Buffer.from(salt, 'base64url'), 32, { N: 16_384, r: 8, p: 1 });
    expect(hash).toBe(expected.toString('base64url'));
  });

  it('is another one each time, and of its secret alone', async () => {
    const [one, two] = await Promise.all([hashSecret('a'), hashSecret('a')]);
    expect(one).not.toBe(two);
    expect(await Promise.all([isSecretOf(one, 'a'), isSecretOf(two, 'a'), isSecretOf(one, 'b')])).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('is checked with the parameters that it was made with', async () => {
    const salt = Buffer.from('0123456789abcdef');
    const hash = scryptSync('old', salt, 32, { N: 1_024, r: 4, p: 2 });
    const stored = `scrypt$1024$4$2$${salt.toString('base64url')}$${hash.toString('base64url')}`;
    expect(await isSecretOf(stored, 'old')).toBe(true);
    expect(await isSecretOf(stored.replace('$1024$', '$2048$'), 'old')).toBe(false);
  });

  it.each([
    undefined,
    '',
    'plain',
    'scrypt$16384$8$1$$',
    `scrypt$16385$8$1$c2FsdA$${'A'.repeat(43)}`,
    // Would take a gigabyte.
    `scrypt$1048576$8$1$c2FsdA$${'A'.repeat(43)}`,
    // The hash that stands in for a missing one is nobody's.
    `scrypt$16384$0$1$c2FsdA$${'A'.repeat(43)}`,
  ])('%j is of no secret', async (stored) => {
    expect(await isSecretOf(stored, '')).toBe(false);
    expect(await isSecretOf(stored, 'plain')).toBe(false);
  });

  it('is refused when too many are asked for at once, and works afterwards', async () => {
    const stored = await hashSecret('a');
    const answers = await Promise.allSettled(Array.from({ length: 80 }, () => isSecretOf(stored, 'a')));
    const refused = answers.filter(({ status }) => status === 'rejected');
    // Two run and 64 wait.
    expect(refused).toHaveLength(14);
    expect(refused[0]).toMatchObject({ reason: { problem: 'too-many-requests' } });
    expect(await isSecretOf(stored, 'a')).toBe(true);
  });
});
