// Reads something at most every two seconds, however many requests need it.
import type { Pool } from 'pg';
import { forManyRequests } from '../http/answer-share';

/** What is remembered. */
export interface Remembered<T> {
  get(): Promise<T>;
  forget(): void;
}

const GOOD_FOR_MS = 2_000;

/** Reads at most once in a while. */
export function remembered<T>(read: () => Promise<T>): Remembered<T> {
  let known: Promise<T> | undefined;
  let until = 0;
  return {
    get() {
      if (known === undefined || Date.now() >= until) {
        until = Date.now() + GOOD_FOR_MS;
        const asked = forManyRequests(read);
        known = asked;
        // Everyone who waits for this query gets its failure; the next request asks again.
        asked.catch(() => {
          if (known === asked) known = undefined;
        });
      }
      return known;
    },
    forget() {
      known = undefined;
    },
  };
}

/** Makes one for each pool: what one server has said does not hold for another. */
export function eachPool<T>(make: (pool: Pool) => T): (pool: Pool) => T {
  const known = new WeakMap<Pool, T>();
  return (pool) => {
    const one = known.get(pool) ?? make(pool);
    known.set(pool, one);
    return one;
  };
}
