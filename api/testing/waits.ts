// Waits for what has to have happened, instead of a pause that is surely long enough: sooner on a quick machine, and true on a busy one.
import { setTimeout as sleep } from 'node:timers/promises';

const EVERY_MS = 10;
const AT_MOST_MS = 30_000;

/** What is waited for. */
export interface Awaited {
  /** For the failure: `it did not come to this: <what>`. */
  readonly what: string;
  /** Longest wait; half a minute unless what is waited for takes work. */
  readonly atMostMs?: number;
}

/** Waits until the condition holds. @throws when it does not come to it. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  { what, atMostMs = AT_MOST_MS }: Awaited,
): Promise<void> {
  // A clock that no test moves.
  const end = process.hrtime.bigint() + BigInt(atMostMs) * 1_000_000n;
  while (!(await condition())) {
    if (process.hrtime.bigint() > end)
      throw new Error(`it did not come to this within ${atMostMs / 1_000} s: ${what}`);
    await sleep(EVERY_MS);
  }
}

/** How many requests an API answers at this moment beside the one for its measures; `metrics` gets `/metrics`. */
export async function requestsInFlight(metrics: () => Promise<string>): Promise<number> {
  const [, count] = /^http_requests_in_flight (\d+)$/m.exec(await metrics()) ?? [];
  if (count === undefined) throw new Error('the measures do not say how many requests are in flight');
  return Number(count) - 1;
}
