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
  const refuse = (text) => {
    byId('key-fault').textContent = text;
    field.ariaInvalid = 'true';
    field.focus();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const key = field.value.trim();
    // A header can carry no other characters.
    if (!/^[\x21-\x7e]+$/.test(key))
      return refuse('This is no key: a key has letters, digits and signs, and no spaces.');
    keepKey(key);
    try {
      // One request tries the key. The view would send several, and the server counts those that it refuses.
      await get('/api/tables');
      use(key);
    } catch (error) {
      if (error.status !== 401) return use(key);
      keepKey(null);
      refuse(`The key was not accepted. ${error.message}`);
    }
  });
  byId('forget-key').addEventListener('click', () => use(null));
  byId('key-state').hidden = readKey() === null;

  return {
    /** Shows the form after an answer 401; `reason` is the server's. */
    ask(reason) {
      const had = readKey() !== null;
      if (!form.hidden && !had) return;
      form.hidden = false;
      byId('key-state').hidden = true;
      byId('key-fault').textContent = '';
      field.ariaInvalid = null;
      keepKey(null);
      if (had) refuse(`The key is no longer accepted. ${reason}`);
      else field.focus();
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
