// Makes elements, as text never as markup: what comes from the database cannot become code.

/** `element('a', { href }, 'text')`: properties and `aria-…`/`data-…` attributes, then children. */
export function element(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (/^(aria|data)-|^role$/.test(name)) made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children);
  return made;
}

/** The element with an id. */
export const byId = (id) => document.getElementById(id);

/** A list of terms and their values: `[['rows', '12']]`. */
export function terms(pairs) {
  return pairs.map(([term, value]) =>
    element('div', {}, element('dt', { textContent: term }), element('dd', {}, value)),
  );
}

/** Fills a list with options, `[[value, label]]`, and keeps what was chosen when it is still there. */
export function fillOptions(select, pairs) {
  const chosen = select.value;
  select.replaceChildren(...pairs.map(([value, label]) => new Option(label, value)));
  if (pairs.some(([value]) => value === chosen)) select.value = chosen;
}
