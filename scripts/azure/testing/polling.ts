// For tests: sends requests to an address all the time, and remembers those that fail.
import { setTimeout as sleep } from 'node:timers/promises';

export interface Polling {
  /** Ends it. Says how many requests were sent, and why some of them failed. */
  stop(): Promise<{ readonly asked: number; readonly failed: readonly string[] }>;
}

/** Starts it. Between two requests is a pause, as the test has other things to do. */
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
