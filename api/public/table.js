// The table of figures: what a chart shows, for reading, copying and screen readers.
import { element } from './element.js';
import { countText, dateText, figureText } from './text.js';

const SHOWN = 500;

/**
 * Fills a table with the newest rows of an answer, newest first.
 * `columns` are `{ name, title, text? }`; the first one names the row. `rows` are oldest first unless `newestFirst`.
 */
export function fillTable(table, { columns, rows, newestFirst = false, count = rows.length }) {
  const head = columns.map(({ title }) => element('th', { textContent: title, scope: 'col' }));
  const shown = newestFirst ? rows.slice(0, SHOWN) : rows.slice(-SHOWN).reverse();
  const lines = shown.map((row) =>
    element('tr', {}, ...columns.map((column, at) => cell(column, row, at === 0))),
  );
  const caption =
    count > shown.length
      ? `The newest ${countText(shown.length, 'row')} of ${count.toLocaleString()}; the export has all`
      : `${countText(count, 'row')}, newest first`;
  table.replaceChildren(
    element('caption', { textContent: caption }),
    element('thead', {}, element('tr', {}, ...head)),
    element('tbody', {}, ...lines),
  );
}

/** A table that is only filled while its `<details>` is open, as few look at it and filling it takes time. */
export function lazyTable(details, table) {
  let content = null;
  const fill = () => {
    if (details.open && content !== null) fillTable(table, content);
  };
  details.addEventListener('toggle', fill);
  return {
    show(next) {
      content = next;
      fill();
    },
  };
}

/** The column of a time. */
export const timeColumn = (name, title = 'time (UTC)') => ({ name, title, text: dateText });

function cell({ name, text = figureText }, row, isFirst) {
  const value = row[name];
  const shown = value == null ? '–' : text(value);
  if (isFirst) return element('th', { textContent: shown, scope: 'row' });
  return element('td', { textContent: shown, className: typeof value === 'string' ? 'words' : '' });
}
