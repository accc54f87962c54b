// Waiting in tests: for the condition itself, never for a time that is surely long enough.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Patience {
  readonly everyMs?: number;
  /** Default: half a minute, which only a fault exceeds, also on a machine that is busy with other things. */
  readonly atMostMs?: number;
}

/**
 * Asks until the answer is neither false nor undefined, and gives it.
 * @throws Error when that takes too long; it says what was waited for.
 */
export async function waitFor<T>(
  what: string,
  ask: () => T | false | undefined | Promise<T | false | undefined>,
  { everyMs = 10, atMostMs = 30_000 }: Patience = {},
): Promise<T> {
  // A clock that neither a test nor the machine's administrator moves.
  const end = process.hrtime.bigint() + BigInt(atMostMs) * 1_000_000n;
  for (;;) {
    const answer = await ask();
    if (answer !== false && answer !== undefined) return answer;
    if (process.hrtime.bigint() >= end)
      throw new Error(`waited ${atMostMs / 1000} s for this in vain: ${what}`);
    await sleep(everyMs);
  }
}
