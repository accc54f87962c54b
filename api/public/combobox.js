// A text field with a list below it that narrows while the reader types, for lists of thousands. It follows the ARIA combobox pattern.
import { element } from './element.js';
import { countText } from './text.js';

const SHOWN = 50;

/**
 * Makes one control of `input` (role combobox) and `list` (role listbox). `onChoose(id)` is called with what was chosen or
 * typed. Items are `{ id, note }`. Returns `{ setItems, setValue }`.
 */
export function combobox({ input, list, onChoose }) {
  let items = [];
  let value = '';
  const isOpen = () => !list.hidden;
  const options = () => [...list.querySelectorAll('[role=option]')];
  const active = () => list.querySelector('[aria-selected=true]');

  function open(text) {
    const wanted = text.trim();
    const found = items.filter(({ id }) => id.toLowerCase().includes(wanted.toLowerCase()));
    list.replaceChildren(...found.slice(0, SHOWN).map(optionOf));
    if (found.length === 0) list.append(hintOf('None found'));
    if (found.length > SHOWN)
      list.append(
        hintOf(`The first ${SHOWN} of ${countText(found.length, 'entry', 'entries')}; type to narrow`),
      );
    list.hidden = false;
    input.ariaExpanded = 'true';
    const same = options().find((option) => option.dataset.id === (wanted || value));
    // While the reader types, Enter takes the first that fits.
    activate(same ?? (wanted === '' ? undefined : options()[0]));
  }

  function close() {
    list.hidden = true;
    input.ariaExpanded = 'false';
    input.removeAttribute('aria-activedescendant');
  }

  function optionOf({ id, note }, at) {
    return element(
      'div',
      { id: `${list.id}-${at}`, role: 'option', 'data-id': id },
      element('span', {}, id),
      element('small', { className: 'soft' }, note),
    );
  }

  const hintOf = (text) => element('div', { role: 'presentation', className: 'soft' }, text);

  function activate(option) {
    for (const one of options()) one.ariaSelected = String(one === option);
    if (!option) return input.removeAttribute('aria-activedescendant');
    input.setAttribute('aria-activedescendant', option.id);
    option.scrollIntoView({ block: 'nearest' });
  }

  function step(by) {
    if (!isOpen()) return open('');
    const all = options();
    if (all.length > 0) activate(all.at((all.indexOf(active()) + by) % all.length));
  }

  function choose(id) {
    close();
    const isOther = id !== '' && id !== value;
    setValue(isOther ? id : value);
    if (isOther) onChoose(id);
  }

  function setValue(id) {
    value = id;
    input.value = id;
  }

  function giveUp() {
    setValue(value);
    close();
  }

  const keys = {
    ArrowDown: () => step(1),
    ArrowUp: () => step(-1),
    Enter: () => choose(active()?.dataset.id ?? input.value.trim()),
    Escape: giveUp,
  };
  input.addEventListener('keydown', (event) => {
    if (event.isComposing || !Object.hasOwn(keys, event.key)) return;
    // Escape means something else to the page when there is no list to close.
    if (event.key === 'Escape' && !isOpen()) return;
    event.preventDefault();
    event.stopPropagation();
    keys[event.key]();
  });
  input.addEventListener('input', () => open(input.value));
  input.addEventListener('click', () => {
    if (isOpen()) return;
    input.select();
    open('');
  });
  input.addEventListener('blur', giveUp);
  // The field keeps the focus until the click arrives.
  list.addEventListener('pointerdown', (event) => event.preventDefault());
  list.addEventListener('click', (event) => {
    const option = event.target.closest('[role=option]');
    if (option) choose(option.dataset.id);
  });

  return {
    setItems(next) {
      items = next;
      if (isOpen()) open(input.value === value ? '' : input.value);
    },
    setValue,
  };
}
