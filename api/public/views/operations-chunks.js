// Chunks of a table over time as bars: how large, and compressed or not.
import { barsChart } from '../charts/bars.js';
import { byId, element, fillOptions } from '../element.js';
import { bytesText, countText, dateText } from '../text.js';

/** Wires the part; `onTable(name)` when another table is chosen. Returns `{ show(body, table) }`. */
export function chunksPart({ onTable }) {
  let shown = [];
  const readout = byId('chunks-readout');
  const chart = barsChart(byId('chunks-plot'), {
    kinds: ['--plain', '--packed'],
    yText: (bytes) => (bytes === 0 ? '0' : bytesText(bytes)),
    onPoint: (at) => (readout.textContent = shown[at] ? chunkText(shown[at]) : ''),
  });
  byId('chunks-table').addEventListener('change', ({ target }) => onTable(target.value));

  return {
    /** Draws the wanted table, or the largest one; returns what to say in words. */
    show({ tables }, wanted) {
      const bySize = [...tables].sort((a, b) => b.bytes - a.bytes);
      fillOptions(
        byId('chunks-table'),
        bySize.map(({ table }) => [table, table]),
      );
      const table = bySize.find((one) => one.table === wanted) ?? bySize[0];
      if (table) byId('chunks-table').value = table.table;
      const chunks = table?.chunks ?? [];
      shown = chunks.filter(({ from, to }) => from && to).sort((a, b) => (a.from < b.from ? -1 : 1));
      draw(shown);
      const packed = chunks.filter(({ compressed }) => compressed).length;
      byId('chunks-plot').setAttribute('aria-label', spoken(table, chunks, packed));
      byId('chunks-key').replaceChildren(
        element(
          'span',
          { className: 'mark plain' },
          countText(chunks.length - packed, 'not compressed', 'not compressed'),
        ),
        element('span', { className: 'mark packed' }, countText(packed, 'compressed', 'compressed')),
      );
      if (!table) return 'There is no hypertable yet.';
      if (chunks.length === 0) return `There are no chunks; the rows take ${bytesText(table.bytes)}.`;
      const listed = table.total > chunks.length ? `, the newest ${chunks.length} are shown` : '';
      return `${countText(table.total, 'chunk')}, ${bytesText(table.bytes)}${listed}`;
    },
  };

  function draw(chunks) {
    const ends = chunks.map(({ from, to }) => [Date.parse(from) / 1000, Date.parse(to) / 1000]);
    const time = ends.map(([from, to]) => (from + to) / 2);
    const kind = (compressed) =>
      chunks.map((chunk) => (chunk.compressed === compressed ? chunk.bytes : null));
    const now = Date.now() / 1000;
    const range =
      ends.length === 0 ? { from: now - 86_400, to: now } : { from: ends[0][0], to: ends.at(-1)[1] };
    chart.update({ time, values: [kind(false), kind(true)], range });
  }
}

const chunkText = ({ from, to, bytes, compressed }) =>
  `${dateText(from).slice(0, 16)} to ${dateText(to).slice(0, 16)}: ${bytesText(bytes)}${compressed ? ', compressed' : ''}`;

function spoken(table, chunks, packed) {
  if (!table || chunks.length === 0) return 'Sizes of chunks: none';
  const sizes = chunks.map(({ bytes }) => bytes);
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  return `Sizes of the ${countText(chunks.length, 'chunk')} of ${table.table} over time: ${bytesText(table.bytes)} together, the largest has ${bytesText(largest)}, ${countText(packed, 'is', 'are')} compressed`;
}
