// The page: shows the view that the address names, and says what went wrong and the way out.
import { addressOf, current, onAddress } from './address.js';
import { byId, element } from './element.js';
import { keyForm } from './key-form.js';
import { exploreView } from './views/explore.js';
import { operationsView } from './views/operations.js';
import { sensorsView } from './views/sensors.js';

const TITLES = { sensors: 'Sensors', explore: 'Explore', operations: 'Operations' };
const makers = { sensors: sensorsView, explore: exploreView, operations: operationsView };
const views = new Map();
let shown = null;
const form = keyForm({ retry: () => show(current()) });

// What views may tell the reader.
const reader = { say, complain, contented };

function show(state) {
  const isOther = shown !== null && shown !== state.view;
  if (isOther) views.get(shown)?.hide();
  shown = state.view;
  contented();
  for (const name of Object.keys(makers)) byId(`view-${name}`).hidden = name !== state.view;
  for (const link of document.querySelectorAll('nav a')) {
    if (link.dataset.view === state.view) link.setAttribute('aria-current', 'page');
    else link.removeAttribute('aria-current');
    // The way back to a view leads to what it showed.
    if (link.dataset.view === state.view) link.href = addressOf(state);
  }
  document.title = state.sensor ? `${state.sensor} · ${TITLES[state.view]}` : TITLES[state.view];
  // Made when its section is visible: charts need to know their width.
  if (!views.has(state.view)) views.set(state.view, makers[state.view](reader));
  if (isOther) byId('main').focus({ preventScroll: true });
  views.get(state.view).show(state);
}

/** Announces a state of things, for those who cannot see it change. */
function say(text) {
  if (byId('status').textContent !== text) byId('status').textContent = text;
}

/** Shows a failure; `next` says what happens by itself, `retry` is offered as a button. */
function complain(error, { next = '', retry } = {}) {
  if (error.status === 401) {
    byId('message').hidden = true;
    // What a key showed must not stay when it is gone.
    byId(`view-${shown}`).hidden = true;
    return form.ask(error);
  }
  const text = [element('strong', { textContent: error.title ?? 'This did not work' }), error.message];
  const spoken = text.map((part) => part.textContent ?? part).join('\n');
  // The same failure again is no news: only what happens next changes, which is not announced.
  if (byId('message').hidden || byId('message').dataset.about !== spoken) {
    byId('message').dataset.about = spoken;
    byId('message-text').replaceChildren(...text);
  }
  byId('message-next').textContent = next;
  byId('message-retry').hidden = retry === undefined;
  byId('message-retry').onclick = retry ?? null;
  byId('message').hidden = false;
}

/** Takes the failure back. */
function contented() {
  byId(`view-${shown}`).hidden = false;
  form.hide();
  byId('message').hidden = true;
}

byId('skip').addEventListener('click', (event) => {
  // The address belongs to the view.
  event.preventDefault();
  byId('main').focus();
});
onAddress(show);
show(current());
