// Export links: plain links, except with an API key, which a link cannot send.
import { getBlob } from './api-client.js';
import { readKey } from './key.js';

// A CSV file is mostly opened in a spreadsheet, which must not run what somebody sent as a text.
const FORMATS = { csv: 'csv&escape=formulas', json: 'json' };

/**
 * Wires the links `{ csv, json }`. Returns `point(path, name)`, which makes them export what the request `path` answered,
 * as a file with this name. `showFailure(error)` is called when a download fails.
 */
export function exportLinks(links, showFailure) {
  for (const link of Object.values(links)) {
    link.addEventListener('click', async (event) => {
      if (readKey() === null) return;
      event.preventDefault();
      try {
        const address = URL.createObjectURL(await getBlob(link.href));
        const file = Object.assign(document.createElement('a'), { href: address, download: link.download });
        file.click();
        setTimeout(() => URL.revokeObjectURL(address), 60_000);
      } catch (error) {
        showFailure(error);
      }
    });
  }
  return (path, name) => {
    for (const [format, link] of Object.entries(links)) {
      link.href = `${path}&format=${FORMATS[format]}`;
      link.download = `${name.replaceAll(/[^\w.-]+/g, '_')}.${format}`;
    }
  };
}
