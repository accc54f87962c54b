// The page: shows the view that the address names, and says what went wrong and what can be done about it.
import { addressOf, current, onAddress } from './address.js';
import { byId, element } from './element.js';
import { keyForm } from './key-form.js';
import { exploreView } from './views/explore.js';
import { operationsView } from './views/operations.js';
import { sensorsView } from './views/sensors.js';

const makers = { sensors: sensorsView, explore: exploreView, operations: operationsView };
const views = {};
let shown = null;
const form = keyForm({ retry: () => show(current()) });

function show(state) {
  const isOther = shown !== null && shown !== state.view;
  if (isOther) views[shown].hide();
  shown = state.view;
  hideFailure();
  for (const link of document.querySelectorAll('nav a')) {
    const isShown = link.dataset.view === shown;
    byId(`view-${link.dataset.view}`).hidden = !isShown;
    link.ariaCurrent = isShown ? 'page' : null;
    if (!isShown) continue;
    // From another view, the link leads back to what this view showed.
    link.href = addressOf(state);
    document.title = state.sensor ? `${state.sensor} · ${link.textContent}` : link.textContent;
  }
  // A view is made when its section is visible, as charts need to know their width.
  views[shown] ??= makers[shown]({ announce, showFailure, hideFailure });
  if (isOther) byId('main').focus({ preventScroll: true });
  views[shown].show(state);
}

/** Announces what is shown, for those who cannot see it change. */
function announce(text) {
  if (byId('status').textContent !== text) byId('status').textContent = text;
}

/**
 * Shows a failure with its `title` and `message`. `next` says what happens by itself, and `retry` is offered as a button.
 */
function showFailure({ title = 'This did not work', message, status }, { next = '', retry } = {}) {
  if (status === 401) {
    byId('message').hidden = true;
    // What a key allowed to see is hidden when the key is gone.
    byId(`view-${shown}`).hidden = true;
    form.ask(message);
    return;
  }
  const text = byId('message-text');
  // The same failure again is not announced again, only what happens next changes.
  if (byId('message').hidden || text.textContent !== `${title}. ${message}`)
    text.replaceChildren(element('strong', {}, `${title}. `), message);
  byId('message-next').textContent = next;
  byId('message-retry').hidden = retry === undefined;
  byId('message-retry').onclick = retry ?? null;
  byId('message').hidden = false;
}

/** Takes the failure back. */
function hideFailure() {
  byId(`view-${shown}`).hidden = false;
  form.hide();
  byId('message').hidden = true;
}

byId('skip').addEventListener('click', (event) => {
  // The address names the view, so the link must not change it.
  event.preventDefault();
  byId('main').focus();
});
onAddress(show);
show(current());
