// The view of the platform: chunks, compression, schema, aggregates and jobs. A part that cannot be read hides no other part.
import { change, current } from '../address.js';
import { get } from '../api-client.js';
import { byId } from '../element.js';
import { makeLoader } from '../loader.js';
import { clockText } from '../text.js';
import { chunksPart } from './operations-chunks.js';
import { showAggregates, showCompression, showDrift, showJobs } from './operations-parts.js';

const EVERY_MS = 30_000;

/** Wires the view; returns `{ show(state), hide() }`. */
export function operationsView(page) {
  const showChunks = chunksPart({ onTable: (table) => change({ table }) });
  const parts = {
    chunks: (answer) => showChunks(answer, current().table),
    compression: showCompression,
    drift: showDrift,
    aggregates: showAggregates,
    jobs: showJobs,
  };
  const loader = makeLoader({ read, everyMs: EVERY_MS, busy: byId('operations-updated'), page });
  byId('operations-refresh').addEventListener('click', () => loader.load());

  async function read({ signal, quiet }) {
    const failures = [];
    const loading = Object.entries(parts).map(([id, show]) => loadPart(id, show, signal));
    for (const [at, id] of Object.keys(parts).entries()) {
      failures.push(await loading[at]);
      if (signal.aborted) return false;
      // Cards appear from top to bottom, as a card that grows moves those below it.
      byId(id).classList.remove('waiting');
    }
    // What every part lacks is said once, above them all.
    const common = failures.find((error) => error?.status === 401 || error?.status === 0);
    if (common) throw common;
    page.hideFailure();
    byId('operations-updated').textContent = `updated ${clockText()}`;
    if (!quiet) page.announce('Operations are up to date');
    return true;
  }

  return { show: () => loader.load(), hide: loader.stop };
}

/** Shows one part, or says in its place why it is not there. Returns the failure. */
async function loadPart(id, show, signal) {
  const state = byId(id).querySelector('.state');
  try {
    const { body } = await get(`/api/operations/${id}`, { signal });
    state.textContent = show(body);
    state.classList.remove('fault');
  } catch (error) {
    if (signal.aborted) return undefined;
    state.textContent = error.status === 401 ? '' : `${error.title ?? 'This did not work'}: ${error.message}`;
    state.classList.add('fault');
    return error;
  }
}
