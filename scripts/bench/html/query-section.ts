// The page's part about queries: raw rows against aggregates.
import { count, number } from '../format';
import type { QueriesReport, QueryReport, SideBySide } from '../report';
import { type BarGroup, barChart } from './bar-chart';
import { dataTable } from './data-table';
import { figure, SMALL_LINES } from './figure';
import { html, type Markup } from './markup';

/** Chart and tables of one server. */
export function querySection({ rows, chunks, compressedChunks, cases }: QueriesReport): Markup {
  return html`<p>${count(rows)} rows in ${count(chunks)} chunks${compressedChunks > 0 ? `; as declared, ${count(compressedChunks)} of them are in the columnstore` : ''}. All sensors at once; average, least and greatest temperature, average humidity and pressure, number of readings.</p>
<div class="pair"><div>${barChart({
    title: 'Time to compute the same answer from raw rows and from the aggregate, in milliseconds',
    unit: 'ms',
    axis: 'log',
    groups: cases.map(groupOf),
  })}
${dataTable({
  caption: 'What was asked; both answers were compared',
  header: ['', 'from', 'raw rows', 'answer', 'differs by'],
  text: [1],
  rows: cases.map(({ title, aggregate, from, rawRows, answerRows, largestDifference }) => [
    html`${title}<small>${aggregate}</small>`,
    from.slice(0, 10),
    count(rawRows),
    `${count(answerRows)} rows`,
    largestDifference === 0 ? '0' : largestDifference.toExponential(1),
  ]),
})}</div>
<div>${dataTable({
    caption: `Computing the answer in the server; ${SMALL_LINES}`,
    header: ['', 'raw', 'aggregate', 'times as fast'],
    rows: cases.flatMap(({ title, asRows, asDeclared }) => [
      cells(html`${title}<small>raw as rows</small>`, asRows),
      ...(asDeclared ? [cells(html`<small>raw as declared</small>`, asDeclared)] : []),
    ]),
  })}
${dataTable({
  caption: 'The whole answer in the client (Node.js, parsed)',
  header: ['', 'raw', 'aggregate', 'times as fast'],
  rows: cases.map(({ title, wholeAnswer }) => cells(title, wholeAnswer)),
})}</div></div>`;
}

function groupOf({ title, asRows, asDeclared }: QueryReport): BarGroup {
  return {
    title,
    result: `${number(asRows.ratio.median)}× as fast`,
    bars: [
      { label: 'raw, as rows', kind: 'plain', value: asRows.raw },
      ...(asDeclared ? [{ label: 'raw, as declared', kind: 'packed', value: asDeclared.raw } as const] : []),
      { label: 'aggregate', kind: 'good', value: asRows.aggregate },
    ],
  };
}

const cells = (
  name: string | Markup,
  { raw, aggregate, ratio }: SideBySide,
): readonly (string | Markup)[] => [name, figure(raw), figure(aggregate), figure(ratio)];
