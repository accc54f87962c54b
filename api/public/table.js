// Tables: the figures behind a chart, and the state of the platform.
import { element } from './element.js';
import { countText, dateText, figureText } from './text.js';

const SHOWN = 500;

/**
 * The head and the body of a table. Columns are `{ name, title, text?, none? }`: `text(value, row)` returns a text or an
 * element, and `none` stands for null. The first column names the row.
 */
export function tableParts(columns, rows) {
  const titles = columns.map(({ title }) => element('th', { scope: 'col', role: 'columnheader' }, title));
  const lines = rows.map((row) => columns.map((column, at) => cell(column, row, at === 0)));
  // Roles are spelled out, as narrow screens show rows as blocks, and browsers then no longer tell that they are rows.
  const line = (cells) => element('tr', { role: 'row' }, ...cells);
  return [
    element('thead', { role: 'rowgroup' }, line(titles)),
    element('tbody', { role: 'rowgroup' }, ...lines.map(line)),
  ];
}

function cell({ name, title, text = figureText, none = '–' }, row, isFirst) {
  const value = row[name];
  const shown = value == null ? none : text(value, row);
  if (isFirst) return element('th', { scope: 'row', role: 'rowheader' }, shown);
  const className = typeof value === 'string' ? 'words' : '';
  return element('td', { role: 'cell', 'data-title': title, className }, shown);
}

/**
 * A table of the newest figures, newest first. Returns `show({ columns, rows })`, which takes the rows oldest first.
 * The table is filled only while its `<details>` is open, as that takes time and few look at it.
 */
export function figuresTable(details, table) {
  let content = null;
  const fill = () => {
    if (!details.open || content === null) return;
    const { columns, rows } = content;
    const caption =
      rows.length > SHOWN
        ? `The newest ${SHOWN} rows of ${rows.length.toLocaleString()}; the export has all`
        : `${countText(rows.length, 'row')}, newest first`;
    table.replaceChildren(
      element('caption', {}, caption),
      ...tableParts(columns, rows.slice(-SHOWN).reverse()),
    );
  };
  details.addEventListener('toggle', fill);
  return (next) => {
    content = next;
    fill();
  };
}

/** The column of a time. */
export const timeColumn = (name, title = 'time (UTC)') => ({ name, title, text: dateText });
