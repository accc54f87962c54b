// Checks of keys with a table in memory and a clock that the test moves.
import type { Ask } from '../../db/server/ask';
import { keyText, newKeyParts } from '../http/key-text';
import { countAttempts } from './attempts';
import { checkKeys } from './check';
import type { StoredKey } from './keys';
import { hashSecret } from './secret';

const HERE = '192.0.2.1';
const THERE = '192.0.2.2';

async function setUp() {
  const parts = newKeyParts();
  const stored = { role: 'read', hash: await hashSecret(parts.secret), revoked: false, seconds_left: null };
  const table = new Map<string, StoredKey>([[parts.id, stored]]);
  const clock = { now: 0 };
  const asked: string[] = [];
  const ask = (async (_sql: string, [id]: readonly unknown[]) => {
    asked.push(String(id));
    const row = table.get(String(id));
    return row ? [row] : [];
  }) as Ask;
  const keys = checkKeys(
    ask,
    countAttempts(3, () => clock.now),
    () => clock.now,
  );
  const change = (to: Partial<StoredKey>) => table.set(parts.id, { ...stored, ...to });
  return { parts, key: keyText(parts), table, clock, asked, keys, change };
}

const wrong = ({ id }: { readonly id: string }): string => keyText({ ...newKeyParts(), id });

describe('a key', () => {
  it('is asked for once in ten seconds, however many requests come', async () => {
    const { parts, key, clock, asked, keys } = await setUp();
    expect(keys.remembered(key)).toBeUndefined();
    const answers = await Promise.all(Array.from({ length: 5 }, () => keys.check(key, HERE)));
    expect(answers).toEqual(Array(5).fill({ id: parts.id, role: 'read' }));
    clock.now = 9_999;
    expect(keys.remembered(key)).toMatchObject({ id: parts.id, role: 'read' });
    expect(asked).toHaveLength(1);
    clock.now = 10_000;
    expect(keys.remembered(key)).toBeUndefined();
    await keys.check(key, HERE);
    expect(asked).toHaveLength(2);
  });

  it('is refused once it is revoked, expired, gone or replaced', async () => {
    const fates = ['revoked', 'expired', 'gone', 'replaced'] as const;
    for (const fate of fates) {
      const { parts, key, table, clock, keys, change } = await setUp();
      await keys.check(key, HERE);
      clock.now = 10_000;
      if (fate === 'revoked') change({ revoked: true });
      else if (fate === 'expired') change({ seconds_left: 0 });
      else if (fate === 'gone') table.delete(parts.id);
      else change({ hash: await hashSecret('another') });
      await expect(keys.check(key, HERE)).rejects.toMatchObject({
        problem: 'key-refused',
        status: 401,
        detail: expect.stringContaining(fate === 'gone' || fate === 'replaced' ? 'not valid' : fate),
      });
      expect(keys.remembered(key)).toBeUndefined();
    }
  });

  it('is not remembered for longer than it is good', async () => {
    const { key, clock, keys, change } = await setUp();
    change({ seconds_left: 3 });
    await keys.check(key, HERE);
    clock.now = 2_999;
    expect(keys.remembered(key)).toBeDefined();
    clock.now = 3_000;
    expect(keys.remembered(key)).toBeUndefined();
  });

  it('has its present role, and is forgotten on demand', async () => {
    const { parts, key, keys, change } = await setUp();
    await keys.check(key, HERE);
    change({ role: 'admin' });
    keys.forget('someoneelse0');
    expect(keys.remembered(key)).toMatchObject({ role: 'read' });
    keys.forget(parts.id);
    expect(keys.remembered(key)).toBeUndefined();
    expect(await keys.check(key, HERE)).toMatchObject({ role: 'admin' });
  });
});

describe('guesses', () => {
  it('are refused alike for known and unknown ids, without a query for what is no key', async () => {
    const { parts, asked, keys } = await setUp();
    const details = await Promise.all(
      [wrong(parts), keyText(newKeyParts())].map((key) =>
        keys.check(key, HERE).catch((error: { detail: string }) => error.detail),
      ),
    );
    expect(details[0]).toMatch(/not valid/);
    expect(details[1]).toBe(details[0]);
    expect(asked).toHaveLength(2);
    await expect(keys.check('nonsense', HERE)).rejects.toMatchObject({ problem: 'key-refused' });
    expect(asked).toHaveLength(2);
  });

  it('end after some, but neither elsewhere nor for a key that was good before', async () => {
    const { parts, key, clock, asked, keys } = await setUp();
    await keys.check(key, HERE);
    for (let n = 0; n < 3; n += 1) await keys.check(wrong(parts), HERE).catch(() => undefined);
    const before = asked.length;
    for (const guess of [wrong(parts), keyText(newKeyParts()), 'nonsense'])
      await expect(keys.check(guess, HERE)).rejects.toMatchObject({
        problem: 'too-many-requests',
        retryAfterSeconds: 60,
      });
    // Only for what looks like a key, the database is asked whether there is one.
    expect(asked).toHaveLength(before + 2);
    await expect(keys.check(wrong(parts), THERE)).rejects.toMatchObject({ problem: 'key-refused' });
    clock.now = 20_000;
    expect(await keys.check(key, HERE)).toMatchObject({ id: parts.id });
    clock.now = 60_000;
    await expect(keys.check(wrong(parts), HERE)).rejects.toMatchObject({ problem: 'key-refused' });
  });

  it('do not lock out a key that was never seen here, from the same address', async () => {
    const { parts, key, keys } = await setUp();
    for (let n = 0; n < 3; n += 1) await keys.check('nonsense', HERE).catch(() => undefined);
    // More guesses at once than may wait, at other keys and at this one.
    const guesses = Array.from({ length: 5 }, () => [keyText(newKeyParts()), wrong(parts)]).flat();
    const refused = guesses.map((guess) =>
      keys.check(guess, HERE).catch((error: { status: number }) => error.status),
    );
    expect(await Promise.all(refused)).toEqual(Array(10).fill(429));
    expect(await keys.check(key, HERE)).toEqual({ id: parts.id, role: 'read' });
    expect(keys.remembered(key)).toMatchObject({ id: parts.id });
    // It has freed nobody else.
    await expect(keys.check(wrong(parts), HERE)).rejects.toMatchObject({ status: 429 });
  });

  it('of a blocked address are few for each key', async () => {
    const { parts, key, clock, keys } = await setUp();
    for (let n = 0; n < 3; n += 1) await keys.check('nonsense', HERE).catch(() => undefined);
    for (let n = 0; n < 60; n += 1) await keys.check(wrong(parts), HERE).catch(() => undefined);
    await expect(keys.check(key, HERE)).rejects.toMatchObject({ status: 429 });
    expect(await keys.check(key, THERE)).toMatchObject({ id: parts.id });
    keys.forget(parts.id);
    clock.now = 60_000;
    expect(await keys.check(key, HERE)).toMatchObject({ id: parts.id });
  });

  it('of a blocked address do not find out about keys that are not usable', async () => {
    for (const fate of [{ revoked: true }, { seconds_left: 0 }]) {
      const { key, keys, change } = await setUp();
      change(fate);
      for (let n = 0; n < 3; n += 1) await keys.check('nonsense', HERE).catch(() => undefined);
      await expect(keys.check(key, HERE)).rejects.toMatchObject({ problem: 'too-many-requests' });
    }
  });

  it('are not counted while the database is away', async () => {
    const down = (async () => {
      throw new Error('away');
    }) as Ask;
    const keys = checkKeys(
      down,
      countAttempts(1, () => 0),
      () => 0,
    );
    for (let n = 0; n < 3; n += 1)
      await expect(keys.check(keyText(newKeyParts()), HERE)).rejects.toThrow('away');
  });
});
