// The chunks of a table over time as bars, with their sizes, compressed or not.
import { color, makePlot } from '../charts/plot.js';
import { byId, element, fillOptions } from '../element.js';
import { bytesText, countText, dateText } from '../text.js';

const DAY = 86_400;

/** Wires the card. `onTable(name)` is called when another table is chosen. Returns `show(answer, table)`. */
export function chunksPart({ onTable }) {
  let shown = [];
  const choice = byId('chunks-table');
  choice.addEventListener('change', () => onTable(choice.value));
  const chart = makePlot(byId('chunks-plot'), {
    yRange: (_low, high) => [0, (high || 1) * 1.08],
    yText: (bytes) => (bytes === 0 ? '0' : bytesText(bytes)),
    series: [{}, bars('--plain'), bars('--packed')],
    readout: byId('chunks-readout'),
    pointText: (at) => chunkText(shown[at]),
  });

  /** Draws the wanted table of `GET /api/operations/chunks`, or else the largest. Returns what to say above the chart. */
  return function show({ tables }, wanted) {
    const bySize = tables.toSorted((a, b) => b.bytes - a.bytes);
    const table = bySize.find((one) => one.table === wanted) ?? bySize[0];
    const chunks = table?.chunks ?? [];
    fillOptions(
      choice,
      bySize.map(({ table: name }) => [name, name]),
    );
    if (table) choice.value = table.table;
    shown = chunks.filter(({ from, to }) => from && to).sort((a, b) => (a.from < b.from ? -1 : 1));
    const packed = chunks.filter(({ compressed }) => compressed).length;
    chart.update({ ...columnsOf(shown), points: shown.length, label: inWords(table, chunks, packed) });
    byId('chunks-key').replaceChildren(
      element('span', { className: 'mark plain' }, `${chunks.length - packed} not compressed`),
      element('span', { className: 'mark packed' }, `${packed} compressed`),
    );
    if (!table) return 'There is no hypertable yet.';
    if (chunks.length === 0) return `There are no chunks; the rows take ${bytesText(table.bytes)}.`;
    const listed = table.total > chunks.length ? `; the newest ${chunks.length} are shown` : '';
    return `${countText(table.total, 'chunk')}, ${bytesText(table.bytes)}${listed}`;
  };
}

function bars(name) {
  return {
    stroke: color(name),
    fill: color(name),
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars({ size: [0.82, 48], gap: 0 }),
  };
}

/** The middle of each chunk with its size, once for each kind of bar, and the range of all. */
function columnsOf(chunks) {
  const ends = chunks.map(({ from, to }) => [Date.parse(from) / 1000, Date.parse(to) / 1000]);
  const sizes = (kind) => chunks.map(({ compressed, bytes }) => (compressed === kind ? bytes : null));
  const now = Date.now() / 1000;
  return {
    data: [ends.map(([from, to]) => (from + to) / 2), sizes(false), sizes(true)],
    range: { from: ends[0]?.[0] ?? now - DAY, to: ends.at(-1)?.[1] ?? now },
  };
}

const chunkText = ({ from, to, bytes, compressed }) =>
  `${dateText(from).slice(0, 16)} to ${dateText(to).slice(0, 16)}: ${bytesText(bytes)}${compressed ? ', compressed' : ''}`;

function inWords(table, chunks, packed) {
  if (chunks.length === 0) return 'Sizes of chunks: none';
  const largest = chunks.reduce((most, { bytes }) => Math.max(most, bytes), 0);
  return `Sizes of the ${countText(chunks.length, 'chunk')} of ${table.table} over time: ${bytesText(table.bytes)} together, the largest has ${bytesText(largest)}, ${countText(packed, 'is', 'are')} compressed`;
}
