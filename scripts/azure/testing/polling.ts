// For tests: asks an address again and again and remembers every answer that was not a good one.

export interface Polling {
  /** Ends it: how often it asked, and what went wrong. */
  stop(): Promise<{ readonly asked: number; readonly failed: readonly string[] }>;
}

/** Starts it: one request after the other, without a pause. */
export function startPolling(url: string, key: string): Polling {
  let going = true;
  let asked = 0;
  const failed: string[] = [];
  const done = (async () => {
    while (going) {
      try {
        const answer = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
        const text = await answer.text();
        if (!answer.ok) failed.push(`${answer.status} ${text}`);
      } catch (error) {
        failed.push(String((error as Error).cause ?? error));
      }
      asked += 1;
      // An event loop of its own time: the test has other things to do.
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  })();
  return {
    stop: async () => {
      going = false;
      await done;
      return { asked, failed };
    },
  };
}
