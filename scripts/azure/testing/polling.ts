// For tests: asks an address again and again and remembers every answer that was not a good one.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Polling {
  /** Ends it: how often it asked, and what went wrong. */
  stop(): Promise<{ readonly asked: number; readonly failed: readonly string[] }>;
}

/** Starts it: one request after the other, with a pause in which the test does other things. */
export function startPolling(url: string, key: string): Polling {
  let going = true;
  let asked = 0;
  const failed: string[] = [];
  const ask = async (): Promise<void> => {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
    const text = await answer.text();
    if (!answer.ok) failed.push(`${answer.status} ${text}`);
  };
  const done = (async () => {
    for (; going; asked += 1, await sleep(10))
      await ask().catch((error: Error) => failed.push(String(error.cause ?? error)));
  })();
  return {
    stop: async () => {
      going = false;
      await done;
      return { asked, failed };
    },
  };
}
