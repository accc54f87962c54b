// Asks for the API key when the API demands one, and lets the reader make the page forget it.
import { forgetAnswers, get } from './api-client.js';
import { byId } from './element.js';
import { keepKey, readKey } from './key.js';

/** Wires the form. `retry()` shows the view again with another key or without one. */
export function keyForm({ retry }) {
  const form = byId('key-form');
  const field = byId('key');
  const use = (key) => {
    keepKey(key);
    forgetAnswers();
    byId('key-state').hidden = key === null;
    retry();
  };
  /** Asks for a key, and says what was wrong with the one before, if there was one. */
  const ask = (fault) => {
    form.hidden = false;
    byId('key-fault').textContent = fault;
    field.ariaInvalid = fault === '' ? null : 'true';
    field.focus();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const key = field.value.trim();
    // A header can carry no other characters.
    if (!/^[\x21-\x7e]+$/.test(key))
      return ask('This is no key: a key has letters, digits and signs, and no spaces.');
    keepKey(key);
    try {
      // One request tries the key. The view would send several, and the server counts those that it refuses.
      await get('/api/tables');
      use(key);
    } catch (error) {
      if (error.status !== 401) return use(key);
      keepKey(null);
      ask(`The key was not accepted. ${error.message}`);
    }
  });
  byId('forget-key').addEventListener('click', () => use(null));
  byId('key-state').hidden = readKey() === null;

  return {
    /** Shows the form after an answer 401; `reason` is the server's. */
    ask(reason) {
      const had = readKey() !== null;
      if (!form.hidden && !had) return;
      keepKey(null);
      byId('key-state').hidden = true;
      ask(had ? `The key is no longer accepted. ${reason}` : '');
    },
    /** Hides the form after any other answer. */
    hide() {
      if (form.hidden) return;
      form.hidden = true;
      field.value = '';
      byId('main').focus();
    },
  };
}
