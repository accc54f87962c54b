// Loads a view: one load at a time, again while the view is live, ever later after failures, and never in a hidden tab.

const FIRST_RETRY_MS = 2_000;
const LAST_RETRY_MS = 60_000;

/**
 * Makes a loader `{ load, stop }`. `load()` calls `read({ signal, quiet })`, and again after `everyMs` when that resolves to
 * true; such a load is `quiet`, as nobody asked for it. The element `busy` is marked while the reader of the page waits.
 * `failed(error)` is called before `page.showFailure`. Without `everyMs` nothing is loaded by itself.
 */
export function makeLoader({ read, everyMs, busy, page, failed = () => {} }) {
  let underWay = new AbortController();
  let timer;
  let due = null;
  let failures = 0;

  async function load({ quiet = false } = {}) {
    stop();
    underWay = new AbortController();
    const { signal } = underWay;
    if (!quiet) busy.ariaBusy = 'true';
    try {
      const isLive = await read({ signal, quiet });
      if (signal.aborted) return;
      failures = 0;
      if (isLive) loadIn(everyMs);
    } catch (error) {
      if (signal.aborted) return;
      failed(error);
      page.showFailure(error, error.passes ? { next: retryLater(error), retry: () => load() } : {});
    } finally {
      if (!signal.aborted) busy.ariaBusy = null;
    }
  }

  function stop() {
    underWay.abort();
    clearTimeout(timer);
    due = null;
  }

  /** Plans the next try and returns what to say about it. */
  function retryLater({ retryAfter }) {
    if (everyMs === undefined) return '';
    const backoff = Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS);
    const ms = Math.max(backoff, (retryAfter ?? 0) * 1000);
    failures += 1;
    loadIn(ms);
    return `The next try is in ${Math.round(ms / 1000)} s; what is shown may be old.`;
  }

  function loadIn(ms) {
    due = Date.now() + ms;
    startTimer();
  }

  function startTimer() {
    clearTimeout(timer);
    if (due !== null && !document.hidden)
      timer = setTimeout(() => load({ quiet: true }), Math.max(0, due - Date.now()));
  }

  document.addEventListener('visibilitychange', startTimer);
  return { load, stop };
}
