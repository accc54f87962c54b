// The figures as text: numbers, times, and the table that says what the charts show.

const SHOWN = 500;

/** A number with `digits` decimals in the reader's notation; a dash for none. */
export function numberText(value, digits = 1) {
  if (value == null) return '–';
  return Number(value).toLocaleString(undefined, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  });
}

/** `2026-11-20T11:11:24.123456Z` as `2026-11-20 11:11:24`. */
export function dateText(iso) {
  return iso.slice(0, 19).replace('T', ' ');
}

/** Fills the table with the newest rows of an answer, newest first. */
export function fillTable(table, { data, unit, count }) {
  const columns = Object.keys(data[0]);
  const head = document.createElement('tr');
  for (const column of columns) head.append(cell('th', title(column, unit), 'col'));
  const body = document.createElement('tbody');
  for (const row of data.slice(-SHOWN).reverse()) {
    const line = document.createElement('tr');
    for (const [at, column] of columns.entries()) {
      line.append(
        at === 0 ? cell('th', dateText(row[column]), 'row') : cell('td', valueText(column, row[column])),
      );
    }
    body.append(line);
  }
  const caption = document.createElement('caption');
  caption.textContent =
    count > SHOWN ? `The newest ${SHOWN} of ${numberText(count, 0)} rows` : 'Newest first';
  const header = document.createElement('thead');
  header.append(head);
  table.replaceChildren(caption, header, body);
}

function valueText(column, value) {
  return column === 'reading_count' ? numberText(value, 0) : numberText(value, 2);
}

function title(column, unit) {
  const quantity = Object.keys(unit).find((name) => column.endsWith(name));
  return `${column.replaceAll('_', ' ')}${quantity ? ` (${unit[quantity]})` : ' '}`.trim();
}

function cell(kind, text, scope) {
  const element = document.createElement(kind);
  element.textContent = text;
  if (scope) element.scope = scope;
  return element;
}
