// The API key of this tab: kept until the tab closes, never in an address or a cookie.

const NAME = 'api-key';
let memory = null;

/** The key, or null. */
export function readKey() {
  try {
    return sessionStorage.getItem(NAME);
  } catch {
    // In a browser that forbids storage, the key is kept until the page is left.
    return memory;
  }
}

/** Keeps a key; null forgets it. */
export function keepKey(key) {
  memory = key;
  try {
    if (key === null) sessionStorage.removeItem(NAME);
    else sessionStorage.setItem(NAME, key);
  } catch {
    // The key is in memory.
  }
}
