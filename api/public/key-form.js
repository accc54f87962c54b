// Asks for the API key when the API demands one, and lets it be forgotten.
import { forgetAnswers, get } from './api-client.js';
import { byId } from './element.js';
import { keepKey, readKey } from './key.js';

/** Wires the form; `retry()` shows the view again with the new key or without one. */
export function keyForm({ retry }) {
  const form = byId('key-form');
  const field = byId('key');
  const use = (key) => {
    keepKey(key);
    forgetAnswers();
    byId('key-state').hidden = key === null;
    retry();
  };
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const key = field.value.trim();
    // Other characters cannot be sent in a header.
    if (!/^[\x21-\x7e]+$/.test(key))
      return refuse('That is no key: keys have letters, digits and signs without spaces.');
    keepKey(key);
    try {
      // One request tells; the view would send several, and the server counts refusals.
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

  function refuse(text) {
    byId('key-fault').textContent = text;
    field.setAttribute('aria-invalid', 'true');
    field.focus();
  }

  return {
    /** Shows the form for an answer 401. */
    ask(error) {
      const had = readKey() !== null;
      if (!form.hidden && !had) return;
      form.hidden = false;
      byId('key-state').hidden = true;
      byId('key-fault').textContent = '';
      field.removeAttribute('aria-invalid');
      keepKey(null);
      if (had) refuse(`The key is no longer accepted. ${error.message}`);
      else field.focus();
    },
    /** Hides it after an answer that was not 401. */
    hide() {
      if (form.hidden) return;
      form.hidden = true;
      field.value = '';
      field.removeAttribute('aria-invalid');
      byId('main').focus();
    },
  };
}
