// Waiting in tests: for the condition itself, never for a time that is surely long enough.
import { setTimeout as sleep } from 'node:timers/promises';

/** So long that only a fault takes longer, also on a machine that is busy with other things. */
const PATIENCE_MS = 30_000;

/**
 * Asks until the answer is neither false nor undefined, and gives it.
 * @throws Error when that takes half a minute; it says what was waited for.
 */
export async function waitFor<T>(
  what: string,
  ask: () => T | false | undefined | Promise<T | false | undefined>,
  everyMs = 20,
): Promise<T> {
  // Not the clock on the wall: that one may be set.
  const end = performance.now() + PATIENCE_MS;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (performance.now() >= end) throw new Error(`waited ${PATIENCE_MS / 1000} s for this in vain: ${what}`);
    await sleep(everyMs);
  }
}
