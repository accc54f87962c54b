// The view as an address: `#/sensors?sensor=a&period=1w`. The address is the only state, so that a view can be kept, sent and reloaded.

/** The views with their parameters and defaults; a parameter that has its default is left out of the address. */
const VIEWS = {
  sensors: { sensor: '', period: '1w', from: '', to: '', level: 'automatic', marks: '4', live: 'on' },
  explore: { table: '', field: '', figure: 'avg', by: '', period: '1w' },
  operations: { table: '' },
};

/** What an address shows: `{ view, …parameters }`. Unknown views and parameters are ignored. */
export function readAddress(hash) {
  const [path, search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const view = Object.hasOwn(VIEWS, path) ? path : 'sensors';
  const given = new URLSearchParams(search);
  const state = { view };
  for (const [name, usual] of Object.entries(VIEWS[view])) state[name] = given.get(name) ?? usual;
  return state;
}

/** The address of a view: what `readAddress` reads. */
export function addressOf({ view, ...state }) {
  const search = new URLSearchParams();
  for (const [name, usual] of Object.entries(VIEWS[view])) {
    const value = state[name] ?? usual;
    if (value !== usual) search.set(name, value);
  }
  return search.size === 0 ? `#/${view}` : `#/${view}?${search}`;
}

/** What is shown now. */
export const current = () => readAddress(location.hash);

/** Shows the same view with some parameters changed; the browser's way back leads to the ones before. */
export function change(parameters) {
  move('pushState', { ...current(), ...parameters });
}

/** Completes the address, e.g. by the first sensor, without a step in the browser's history. */
export function complete(parameters) {
  history.replaceState(null, '', addressOf({ ...current(), ...parameters }));
}

/** Calls `listener(state)` whenever another address is shown. */
export function onAddress(listener) {
  const tell = () => listener(current());
  // `popstate` comes for the way back as well as for links to another hash.
  addEventListener('popstate', tell);
  listeners.add(tell);
}

const listeners = new Set();

function move(how, state) {
  const address = addressOf(state);
  if (address === addressOf(current())) return;
  history[how](null, '', address);
  for (const tell of listeners) tell();
}
