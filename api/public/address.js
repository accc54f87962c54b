// The address says what is shown: `#/sensors?sensor=a&period=1w`. It is the only state, so a view can be bookmarked, sent and reloaded.

/** The parameters of each view with their defaults. A parameter that has its default is left out of the address. */
const VIEWS = {
  sensors: { sensor: '', period: '1w', from: '', to: '', level: 'automatic', marks: '4', live: 'on' },
  explore: { table: '', field: '', figure: 'avg', by: '', period: '1w' },
  operations: { table: '' },
};

/** What is shown now: `{ view, …parameters }`. Unknown views and parameters are ignored. */
export function current() {
  const [path, search = ''] = location.hash.replace(/^#\/?/, '').split('?', 2);
  const view = Object.hasOwn(VIEWS, path) ? path : 'sensors';
  const given = new URLSearchParams(search);
  const state = { view };
  for (const [name, usual] of Object.entries(VIEWS[view])) state[name] = given.get(name) ?? usual;
  return state;
}

/** The address of a view, which `current` reads. */
export function addressOf({ view, ...state }) {
  const search = new URLSearchParams();
  for (const [name, usual] of Object.entries(VIEWS[view])) {
    if (state[name] !== usual) search.set(name, state[name]);
  }
  return search.size === 0 ? `#/${view}` : `#/${view}?${search}`;
}

/** Shows the same view with other parameters, as a step in the browser's history. */
export function change(parameters) {
  const address = addressOf({ ...current(), ...parameters });
  if (address !== addressOf(current())) location.hash = address;
}

/** Fills parameters in, such as the first sensor, without a step in the browser's history. */
export function complete(parameters) {
  history.replaceState(null, '', addressOf({ ...current(), ...parameters }));
}

/** Calls `listener(state)` whenever the address changes: by `change`, by a link, or by the browser's back button. */
export function onAddress(listener) {
  addEventListener('hashchange', () => listener(current()));
}
