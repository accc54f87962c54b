// A table of the report as HTML: each figure with its spread below it, and bars that compare figures of one unit.
import { percent, spreadOf } from '../report/format';
import type { Cell, ReportTable } from '../report/tables';
import { html, type Markup } from './markup';

/** A card with the table, which scrolls sideways when the page is narrower. The first cell of a row is its name. */
export function drawTable({ title, columns, rows, compared }: ReportTable): Markup {
  const greatest = (unit: string, row: readonly Cell[]): number =>
    Math.max(...(compared === 'row' ? row : rows.flat()).map((cell) => medianIn(unit, cell)));
  const drawn = (cell: Cell, row: readonly Cell[]): Markup | string => {
    if (cell === null) return '–';
    if (typeof cell === 'string') return cell;
    if ('percent' in cell) return html`${percent(cell.percent)}${bar(cell.percent / 100)}`;
    const [median, spread] = spreadOf(cell);
    const hasBar = ['ms', 'rows/s', 'requests/s'].includes(cell.unit);
    return html`${median}<small>${spread}</small>${hasBar && bar(cell.median / greatest(cell.unit, row))}`;
  };
  return html`<div class="card scroll" role="region" tabindex="0" aria-label="${title}"><table>
<caption>${title}</caption>
<thead><tr>${columns.map((column) => html`<th scope="col">${column.title}</th>`)}</tr></thead>
<tbody>${rows.map((row) => {
    const [name = '', ...cells] = row;
    return html`<tr><th scope="row">${drawn(name, row)}</th>${cells.map((cell) => html`<td>${drawn(cell, row)}</td>`)}</tr>`;
  })}</tbody>
</table></div>`;
}

const medianIn = (unit: string, cell: Cell): number =>
  cell !== null && typeof cell === 'object' && 'unit' in cell && cell.unit === unit ? cell.median : 0;

const bar = (share: number): Markup =>
  html`<span class="bar"><i style="width:${(Math.max(0, share) * 100).toFixed(2)}%"></i></span>`;
