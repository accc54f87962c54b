// Export links: plain links, except with an API key, which a link cannot carry.
import { getBlob } from './api-client.js';
import { readKey } from './key.js';

/** Makes a link download `path()` as a file; `complain(error)` when that fails. */
export function downloadLink(link, complain) {
  link.addEventListener('click', async (event) => {
    if (readKey() === null) return;
    event.preventDefault();
    try {
      const address = URL.createObjectURL(await getBlob(link.href));
      const file = Object.assign(document.createElement('a'), { href: address, download: link.download });
      file.click();
      setTimeout(() => URL.revokeObjectURL(address), 60_000);
    } catch (error) {
      complain(error);
    }
  });
}

/** Points the links for CSV and JSON to what is shown; `path` is the request that was answered. */
export function pointDownloads({ csv, json }, path, name) {
  for (const [format, link] of Object.entries({ csv, json })) {
    link.href = `${path}${path.includes('?') ? '&' : '?'}format=${format}`;
    link.download = `${name.replaceAll(/[^\w.-]+/g, '_')}.${format}`;
  }
}
