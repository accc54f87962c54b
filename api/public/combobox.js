// A text field with a list below it that narrows while one types; for lists of thousands. Follows the ARIA combobox pattern.
import { element } from './element.js';
import { countText } from './text.js';

const SHOWN = 50;

/**
 * Makes `input` (role combobox) and `list` (role listbox) one control; `onChoose(id)` is called with what was chosen or typed.
 * Items are `{ id, note }`. Returns `{ setItems, setValue }`.
 */
export function combobox({ input, list, onChoose }) {
  let items = [];
  let found = [];
  let active = -1;
  let value = '';

  const isOpen = () => !list.hidden;
  const open = (text) => {
    const wanted = text.trim().toLowerCase();
    found = items.filter(({ id }) => id.toLowerCase().includes(wanted)).slice(0, SHOWN + 1);
    active = found.findIndex(({ id }) => id === (wanted === '' ? value : text.trim()));
    // While one types, Enter takes the first that fits.
    if (active < 0 && wanted !== '' && found.length > 0) active = 0;
    list.replaceChildren(...found.slice(0, SHOWN).map(option), ...hint());
    found.length = Math.min(found.length, SHOWN);
    list.hidden = false;
    input.setAttribute('aria-expanded', 'true');
    mark();
  };
  const close = () => {
    list.hidden = true;
    input.setAttribute('aria-expanded', 'false');
    input.removeAttribute('aria-activedescendant');
  };
  const option = ({ id, note }, at) =>
    element(
      'div',
      { id: `${list.id}-${at}`, role: 'option', 'aria-selected': 'false' },
      element('span', { textContent: id }),
      element('small', { textContent: note }),
    );
  const hint = () => {
    if (found.length === 0)
      return [element('div', { role: 'presentation', className: 'hint' }, 'None found')];
    if (found.length <= SHOWN) return [];
    return [
      element(
        'div',
        { role: 'presentation', className: 'hint' },
        `of ${countText(items.length, 'entry', 'entries')}; type to narrow`,
      ),
    ];
  };
  const mark = () => {
    for (const [at, line] of [...list.querySelectorAll('[role=option]')].entries())
      line.setAttribute('aria-selected', String(at === active));
    const line = list.querySelector(`#${list.id}-${active}`);
    if (!line) return input.removeAttribute('aria-activedescendant');
    input.setAttribute('aria-activedescendant', line.id);
    line.scrollIntoView({ block: 'nearest' });
  };
  const choose = (id) => {
    close();
    if (id === '' || id === value) return setValue(value);
    setValue(id);
    onChoose(id);
  };
  const setValue = (id) => {
    value = id;
    input.value = id;
  };

  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => choose(isOpen() && active >= 0 ? found[active].id : input.value.trim()),
    Escape: () => {
      if (!isOpen()) return 'unused';
      setValue(value);
      close();
    },
  };
  const step = (by) => {
    if (!isOpen()) return open('');
    if (found.length > 0) active = (active + by + found.length) % found.length;
    mark();
  };

  input.addEventListener('keydown', (event) => {
    if (event.isComposing || !keys[event.key]) return;
    if (keys[event.key]() === 'unused') return;
    event.preventDefault();
    event.stopPropagation();
  });
  input.addEventListener('input', () => open(input.value));
  input.addEventListener('click', () => {
    if (isOpen()) return;
    input.select();
    open('');
  });
  input.addEventListener('blur', () => {
    setValue(value);
    close();
  });
  // Before the field loses its focus.
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  list.addEventListener('click', (event) => {
    const line = event.target.closest('[role=option]');
    if (line) choose(found[Number(line.id.slice(list.id.length + 1))].id);
  });

  return {
    setItems(next) {
      items = next;
      if (isOpen()) open(input.value === value ? '' : input.value);
    },
    setValue,
  };
}
