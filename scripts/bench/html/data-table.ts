// A table of a report: scrolls by itself on a narrow screen, numbers at the right.
import { html, type Markup } from './markup';

type Cell = string | Markup;

export interface DataTable {
  readonly caption: string;
  readonly header: readonly string[];
  /** The first cell of a row is its name. */
  readonly rows: readonly (readonly Cell[])[];
  /** Columns (by position) that hold text, and are at the left. */
  readonly text?: readonly number[];
}

/** HTML of a table. */
export const dataTable = ({ caption, header, rows, text = [] }: DataTable): Markup =>
  html`<div class="scroll" role="region" tabindex="0" aria-label="${caption}"><table>
<caption>${caption}</caption>
<thead><tr>${header.map((title, at) => html`<th scope="col"${side(at, text)}>${title}</th>`)}</tr></thead>
<tbody>${rows.map(
    ([name = '', ...cells]) =>
      html`<tr><th scope="row">${name}</th>${cells.map((cell, at) => html`<td${side(at + 1, text)}>${cell}</td>`)}</tr>`,
  )}</tbody>
</table></div>`;

const side = (at: number, text: readonly number[]): Markup =>
  at === 0 || text.includes(at) ? html`` : html` class="n"`;
