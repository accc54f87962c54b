// The controls of the sensor view. They show what the address says, and change the address.
import { change, current } from '../address.js';
import { get } from '../api-client.js';
import { combobox } from '../combobox.js';
import { exportLinks } from '../download.js';
import { byId, fillOptions } from '../element.js';
import { isFixed, movedRange, PERIODS, periodName, rangeOf, timeOf } from '../range.js';
import { agoText } from '../text.js';

const PAGE = 5_000;
const SENSORS_KEPT_MS = 60_000;
const MOVES = {
  earlier: { by: -0.5 },
  later: { by: 0.5 },
  'zoom-in': { scale: 0.5 },
  'zoom-out': { scale: 2 },
};

/** Whether a browser can ask for a sensor by its address. Writes refuse ids for which it cannot, but SQL can store them. */
const hasAddress = (id) => !['', '.', '..'].includes(id);

/** Wires the controls. `refresh()` loads again what is shown. */
export function sensorControls({ refresh, page }) {
  let sensors = [];
  let readAt = Number.NEGATIVE_INFINITY;
  const picker = combobox({
    input: byId('sensor'),
    list: byId('sensor-list'),
    onChoose: (sensor) => change({ sensor }),
  });
  const pointExports = exportLinks({ csv: byId('csv'), json: byId('json') }, page.showFailure);
  const reset = () => change({ from: '', to: '' });
  const on = (id, type, listener) => byId(id).addEventListener(type, listener);

  fillOptions(byId('period'), [...PERIODS, ['custom', 'custom…']]);
  on('period', 'change', ({ target }) => {
    if (target.value !== 'custom') return change({ period: target.value, from: '', to: '' });
    showCustom(rangeOf(current()));
    byId('from').focus();
  });
  on('level', 'change', ({ target }) => change({ level: target.value }));
  on('marks', 'change', ({ target }) => change({ marks: target.value }));
  on('live', 'change', ({ target }) => change({ live: target.checked ? 'on' : 'off' }));
  on('refresh', 'click', refresh);
  on('reset', 'click', reset);
  for (const [id, move] of Object.entries(MOVES))
    on(id, 'click', () => change(movedRange(rangeOf(current()), move)));
  for (const id of ['from', 'to']) on(id, 'input', () => byId('to').setCustomValidity(''));
  on('sensors-form', 'submit', (event) => {
    event.preventDefault();
    takeTyped();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !byId('view-sensors').hidden && isFixed(current())) reset();
  });

  function takeTyped() {
    const [from, to] = ['from', 'to'].map((id) => Date.parse(`${byId(id).value}Z`) / 1000);
    const isComplete = !Number.isNaN(from + to);
    const fault =
      from < to ? '' : isComplete ? 'The end must be later than the start' : 'Give both ends of the range';
    byId('to').setCustomValidity(fault);
    if (byId('to').reportValidity()) change({ from: timeOf(from), to: timeOf(to) });
  }

  function showCustom({ from, to }) {
    byId('period').value = 'custom';
    byId('custom').hidden = false;
    byId('from').value = timeOf(from).slice(0, 19);
    byId('to').value = timeOf(to).slice(0, 19);
  }

  return {
    reset,
    pointExports,
    /** Makes the controls say what the state says. */
    show(state) {
      picker.setValue(state.sensor);
      for (const name of ['period', 'level', 'marks']) byId(name).value = state[name];
      byId('live').checked = state.live === 'on';
      byId('custom').hidden = true;
      byId('reset').textContent = `Back to ${periodName(state.period)}`;
      byId('reset').disabled = !isFixed(state);
      if (isFixed(state)) showCustom(rangeOf(state));
    },
    /** Reads the list of sensors page by page, once a minute at most. */
    async loadSensors(signal) {
      if (sensors.length > 0 && performance.now() - readAt < SENSORS_KEPT_MS) return;
      const found = [];
      let after = null;
      do {
        const search = new URLSearchParams({ limit: PAGE, ...(after !== null && { after }) });
        const { body } = await get(`/api/sensors?${search}`, { signal });
        found.push(...body.sensors);
        after = body.next;
      } while (after !== null);
      sensors = found.filter(({ sensor_id: id }) => hasAddress(id));
      readAt = performance.now();
      picker.setItems(sensors.map(({ sensor_id: id, last_reading: last }) => ({ id, note: agoText(last) })));
    },
    firstSensor: () => sensors[0]?.sensor_id,
    /** Says when the last answer came, or that the last try failed. */
    showUpdate(text, { isFault = false } = {}) {
      byId('updated').textContent = text;
      byId('updated').classList.toggle('fault', isFault);
    },
  };
}
