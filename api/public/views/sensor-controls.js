// The controls of the sensor view: they show what the address says, and change the address.
import { change, current } from '../address.js';
import { get } from '../api-client.js';
import { combobox } from '../combobox.js';
import { downloadLink, pointDownloads } from '../download.js';
import { byId, fillOptions } from '../element.js';
import { isFixed, movedRange, PERIODS, periodName, rangeOf, timeOf } from '../range.js';
import { agoText } from '../text.js';

const PAGE = 5_000;
const SENSORS_KEPT_MS = 60_000;

/** Wires the controls. `refresh()` asks again for what is shown. */
export function sensorControls({ refresh, complain }) {
  let sensors = [];
  let read = Number.NEGATIVE_INFINITY;
  const picker = combobox({
    input: byId('sensor'),
    list: byId('sensor-list'),
    onChoose: (sensor) => change({ sensor }),
  });
  fillOptions(byId('period'), [...PERIODS, ['custom', 'custom…']]);

  byId('period').addEventListener('change', ({ target }) => {
    if (target.value !== 'custom') return change({ period: target.value, from: '', to: '' });
    showCustom(rangeOf(current()));
    byId('from').focus();
  });
  byId('level').addEventListener('change', ({ target }) => change({ level: target.value }));
  byId('marks').addEventListener('change', ({ target }) => change({ marks: target.value }));
  byId('live').addEventListener('change', ({ target }) => change({ live: target.checked ? 'on' : 'off' }));
  byId('refresh').addEventListener('click', refresh);
  byId('sensors-form').addEventListener('submit', (event) => {
    event.preventDefault();
    showTyped();
  });
  for (const name of ['from', 'to'])
    byId(name).addEventListener('input', () => byId('to').setCustomValidity(''));

  const move = (how) => change(movedRange(rangeOf(current()), how));
  const reset = () => change({ from: '', to: '' });
  byId('earlier').addEventListener('click', () => move({ by: -0.5 }));
  byId('later').addEventListener('click', () => move({ by: 0.5 }));
  byId('zoom-in').addEventListener('click', () => move({ scale: 0.5 }));
  byId('zoom-out').addEventListener('click', () => move({ scale: 2 }));
  byId('reset').addEventListener('click', reset);
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape' && !byId('view-sensors').hidden && isFixed(current())) reset();
  });
  const links = { csv: byId('csv'), json: byId('json') };
  for (const link of Object.values(links)) downloadLink(link, complain);

  function showTyped() {
    const [from, to] = [byId('from'), byId('to')].map((field) => Date.parse(`${field.value}Z`) / 1000);
    const fault =
      Number.isNaN(from) || Number.isNaN(to)
        ? 'Give both ends of the range'
        : from >= to
          ? 'The end must be later than the start'
          : '';
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
    /** Makes the controls say what the state says. */
    show(state) {
      picker.setValue(state.sensor);
      byId('level').value = state.level;
      byId('marks').value = state.marks;
      byId('live').checked = state.live === 'on';
      byId('custom').hidden = true;
      byId('period').value = state.period;
      byId('reset').textContent = `Back to ${periodName(state.period)}`;
      byId('reset').disabled = !isFixed(state);
      if (isFixed(state)) showCustom(rangeOf(state));
    },
    /** Reads the list of sensors, once a minute at most, page by page. */
    async loadSensors(signal) {
      if (sensors.length > 0 && performance.now() - read < SENSORS_KEPT_MS) return;
      const found = [];
      let after = null;
      do {
        const page = after === null ? '' : `&after=${encodeURIComponent(after)}`;
        const { body } = await get(`/api/sensors?limit=${PAGE}${page}`, { signal });
        found.push(...body.sensors);
        after = body.next;
      } while (after !== null);
      sensors = found;
      read = performance.now();
      picker.setItems(sensors.map(({ sensor_id: id, last_reading: last }) => ({ id, note: agoText(last) })));
    },
    firstSensor: () => sensors[0]?.sensor_id,
    /** Says when the last answer came, and whether more will. */
    updated(state) {
      const clock = new Date().toISOString().slice(11, 19);
      const waits = isFixed(state) && state.live === 'on' ? ', range is fixed' : '';
      byId('updated').textContent = `updated ${clock} UTC${waits}`;
      byId('updated').classList.remove('fault');
    },
    /** Says that the last try failed. */
    failed(text) {
      byId('updated').textContent = text;
      byId('updated').classList.add('fault');
    },
    exports: (path, name) => pointDownloads(links, path, name),
  };
}
