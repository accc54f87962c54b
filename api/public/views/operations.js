// The view of the platform itself: chunks, compression, aggregates and jobs. Each part stands alone: one failing hides no other.
import { change, current } from '../address.js';
import { get } from '../api-client.js';
import { byId } from '../element.js';
import { liveUpdates } from '../live.js';
import { chunksPart } from './operations-chunks.js';
import { showAggregates, showCompression, showDrift, showJobs } from './operations-parts.js';

const EVERY_MS = 30_000;

/** Wires the view; returns `{ show(state), hide() }`. */
export function operationsView({ say, complain, contented }) {
  let underWay = new AbortController();
  const live = liveUpdates(() => load({ quiet: true }), { everyMs: EVERY_MS });
  const showChunks = chunksPart({ onTable: (table) => change({ table }) });
  const parts = [
    { id: 'chunks', show: (body) => showChunks(body, current().table) },
    { id: 'compression', show: showCompression },
    { id: 'drift', show: showDrift },
    { id: 'aggregates', show: showAggregates },
    { id: 'jobs', show: showJobs },
  ];
  byId('operations-refresh').addEventListener('click', () => load({ quiet: false }));

  async function load({ quiet }) {
    underWay.abort();
    underWay = new AbortController();
    const { signal } = underWay;
    const failures = [];
    const loading = parts.map((part) => loadPart(part, signal));
    for (const [at, { id }] of parts.entries()) {
      failures.push(await loading[at]);
      if (signal.aborted) return;
      // From top to bottom, as a card that grows moves those below it.
      byId(id).classList.add('ready');
    }
    // What every part lacks is said once, above them all.
    const common = failures.find((error) => error?.status === 401 || error?.status === 0);
    if (common) return failed(common);
    contented();
    byId('operations-updated').textContent = `updated ${new Date().toISOString().slice(11, 19)} UTC`;
    if (!quiet) say('Operations are up to date');
    live.succeeded({ live: true });
  }

  function failed(error) {
    if (error.status === 401) {
      live.stop();
      return complain(error);
    }
    const seconds = live.failed(error);
    complain(error, {
      next: `The next try is in ${seconds} s; what is shown may be old.`,
      retry: () => load({ quiet: false }),
    });
  }

  return {
    show: () => load({ quiet: false }),
    hide() {
      underWay.abort();
      live.stop();
    },
  };
}

/** Shows one part, or says in its place why it is not there. Returns the failure. */
async function loadPart({ id, show }, signal) {
  const state = byId(id).querySelector('.state');
  try {
    const { body } = await get(`/api/operations/${id}`, { signal });
    const text = show(body) ?? '';
    state.textContent = text;
    state.classList.remove('fault');
  } catch (error) {
    if (signal.aborted) return undefined;
    state.textContent = error.status === 401 ? '' : `${error.title ?? 'This did not work'}: ${error.message}`;
    state.classList.toggle('fault', error.status !== 401);
    return error;
  }
}
