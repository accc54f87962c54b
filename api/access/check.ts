// Checks whether a key is valid. The result is remembered for a short time, so that requests do not wait for the database and
// for scrypt, and every process still refuses a revoked key within seconds.
import { createHash } from 'node:crypto';
import type { Ask } from '../../db/server/ask';
import type { KeyParts } from '../http/key-text';
import { parseKey } from '../http/key-text';
import { ProblemError } from '../http/problems';
import { type Attempts, countAttempts, originOf } from './attempts';
import { findKey, type StoredKey } from './keys';
import { oneAtATime } from './one-at-a-time';
import { isSecretOf } from './secret';
import { TooManyRequests } from './too-many-requests';

/** Whose key it is. */
export interface KnownKey {
  readonly id: string;
  readonly role: string;
}

/** Checks keys. */
export interface KeyCheck {
  /** The key, if it was found valid a moment ago. */
  remembered(text: string): KnownKey | undefined;
  /**
   * The key, read from the database.
   * @param address where the request comes from: failures are counted per address.
   * @throws ProblemError: key-refused or too-many-requests; or an error of the database.
   */
  check(text: string, address: string): Promise<KnownKey>;
  /** Makes this process ask again at once, e.g. after a key was revoked here. */
  forget(id: string): void;
}

const GOOD_FOR_MS = 10_000;
const MOST_KEYS = 1_000;
/** Of a blocked address: guesses at one key in a minute, and guesses that wait for the one before. */
const GUESSES_A_MINUTE = 60;
const MOST_WAITING = 8;

interface Remembered extends KnownKey {
  /** The hash that the secret matched. */
  readonly hash: string;
  readonly goodUntil: number;
}

/** `now` is a clock in milliseconds. */
export function checkKeys(
  ask: Ask,
  attempts: Attempts,
  now: () => number = () => performance.now(),
): KeyCheck {
  // By the SHA-256 of the key, so that a memory dump of this process shows no key.
  const known = new Map<string, Remembered>();
  const underWay = new Map<string, Promise<KnownKey>>();
  const guesses = countAttempts(GUESSES_A_MINUTE, now);
  const inTurn = oneAtATime(MOST_WAITING);

  const refuse = (why: string): ProblemError => new ProblemError('key-refused', why);

  async function look(digest: string, parts: KeyParts, address: string): Promise<KnownKey> {
    const { id, secret } = parts;
    const before = known.get(digest);
    // A key that was valid before is not a guess, so failures of others from the same address do not block it.
    if (!before) {
      if (attempts.blockedFor(address) > 0) return lookBlocked(digest, parts, address);
      // Counted before the result is known, because otherwise many guesses at the same time would pass.
      attempts.failed(address);
    }
    const stored = await findKey(ask, id).catch((error: unknown) => {
      if (!before) attempts.forgive(address);
      throw error;
    });
    // The same hash needs no second scrypt.
    const genuine =
      before?.hash === stored?.hash && stored !== undefined ? true : await isSecretOf(stored?.hash, secret);
    known.delete(digest);
    if (!genuine || !stored) throw refuse('This key is not valid; ask an administrator for a new one');
    const left = stored.seconds_left ?? Number.POSITIVE_INFINITY;
    if (stored.revoked) throw refuse('This key was revoked; ask an administrator for a new one');
    if (left <= 0) throw refuse('This key has expired; ask an administrator for a new one');
    if (!before) attempts.forgive(address);
    return keep(digest, id, stored);
  }

  /**
   * A genuine key passes although others at its address have guessed too often. Guesses stay cheap for this process: scrypt runs only
   * for the id of a usable key, for one guess of an address at a time, and not for many guesses at the same key.
   */
  async function lookBlocked(digest: string, { id, secret }: KeyParts, address: string): Promise<KnownKey> {
    const origin = originOf(address);
    const guessed = `${origin} ${id}`;
    const stored = await inTurn(origin, async () => {
      const found = await findKey(ask, id);
      if (!found || found.revoked || (found.seconds_left ?? 1) <= 0) return undefined;
      if (guesses.blockedFor(guessed) > 0) return undefined;
      guesses.failed(guessed);
      return (await isSecretOf(found.hash, secret)) ? found : undefined;
    });
    if (stored === undefined) throw tooMany(attempts.blockedFor(address));
    guesses.forgive(guessed);
    return keep(digest, id, stored);
  }

  function keep(digest: string, id: string, stored: StoredKey): KnownKey {
    const left = stored.seconds_left ?? Number.POSITIVE_INFINITY;
    known.set(digest, remember(id, stored, now() + Math.min(GOOD_FOR_MS, left * 1_000)));
    if (known.size > MOST_KEYS) known.delete(known.keys().next().value as string);
    return { id, role: stored.role };
  }

  return {
    remembered: (text) => {
      const entry = known.get(digestOf(text));
      return entry && entry.goodUntil > now() ? entry : undefined;
    },
    check: async (text, address) => {
      const parts = parseKey(text);
      if (!parts) {
        requireFewFailures(attempts, address);
        attempts.failed(address);
        throw refuse('This is not a key: keys look like tsdb_<id>_<secret>; send the whole key');
      }
      const digest = digestOf(text);
      // Requests with the same key at the same time share one check.
      const asked =
        underWay.get(digest) ?? look(digest, parts, address).finally(() => underWay.delete(digest));
      underWay.set(digest, asked);
      return asked;
    },
    forget: (id) => {
      for (const [digest, entry] of known) if (entry.id === id) known.delete(digest);
    },
  };
}

const digestOf = (text: string): string => createHash('sha256').update(text).digest('base64');

const remember = (id: string, { role, hash }: StoredKey, goodUntil: number): Remembered => ({
  id,
  role,
  hash,
  goodUntil,
});

function requireFewFailures(attempts: Attempts, address: string): void {
  const seconds = attempts.blockedFor(address);
  if (seconds > 0) throw tooMany(seconds);
}

const tooMany = (seconds: number): TooManyRequests =>
  new TooManyRequests('Too many keys from this address were refused; send a valid one', Math.max(1, seconds));
