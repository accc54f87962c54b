// When to ask again: regularly while live, sooner and then ever later after a failure, never in a hidden tab.

const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;

/** Calls `run()` when it is time, every `everyMs`. Say what came of it with `succeeded` or `failed`; one timer at most is under way. */
export function liveUpdates(run, { everyMs = 10_000 } = {}) {
  let timer;
  let due = null;
  let failures = 0;
  const wait = (ms) => {
    stop();
    due = Date.now() + ms;
    if (!document.hidden) timer = setTimeout(fire, ms);
  };
  const stop = () => {
    clearTimeout(timer);
    due = null;
  };
  const fire = () => {
    due = null;
    run();
  };
  document.addEventListener('visibilitychange', () => {
    clearTimeout(timer);
    if (due !== null && !document.hidden) timer = setTimeout(fire, Math.max(0, due - Date.now()));
  });
  return {
    /** The answer came; asks again when `live`. */
    succeeded({ live }) {
      failures = 0;
      if (live) wait(everyMs);
      else stop();
    },
    /** No answer came; returns the seconds until the next try. `retryAfter` is what the server asks for. */
    failed({ retryAfter = null } = {}) {
      const backoff = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
      failures += 1;
      const ms = Math.max(backoff, (retryAfter ?? 0) * 1000);
      wait(ms);
      return Math.round(ms / 1000);
    },
    stop,
  };
}
