// The page: asks the API what the controls say and shows the answer, or says clearly why there is none.
import { drawCharts } from './charts.js';
import { dateText, fillTable, numberText } from './table.js';

const byId = (id) => document.getElementById(id);
const form = byId('question');
const charts = byId('charts');
const controls = ['sensor', 'period', 'level'].map(byId);

let underWay = new AbortController();
let stopDrawing = () => {};

// The address carries the question, so that a view can be bookmarked and sent around.
const question = () => Object.fromEntries(controls.map((control) => [control.id, control.value]));

async function start() {
  try {
    const { sensors } = await ask('/api/sensors');
    const options = sensors.map(({ sensor_id: id, last_reading: last }) => {
      const option = new Option(id, id);
      option.dataset.last = last;
      return option;
    });
    byId('sensor').replaceChildren(...options);
    if (sensors.length === 0) {
      return say('There are no sensors yet', 'As soon as readings arrive in sensor_data, they show up here.');
    }
    applyAddress();
    await show();
  } catch (error) {
    complain(error);
  }
}

async function show() {
  underWay.abort();
  underWay = new AbortController();
  const { sensor, period, level: wanted } = question();
  const level = wanted === 'automatic' ? automaticLevel(period) : wanted;
  charts.setAttribute('aria-busy', 'true');
  byId('status').textContent = 'Loading…';
  try {
    const began = performance.now();
    const answer = await ask(
      `/api/sensors/${encodeURIComponent(sensor)}/${level}?period=${period}`,
      underWay.signal,
    );
    render(answer, Math.round(performance.now() - began), level);
  } catch (error) {
    if (error.name !== 'AbortError') complain(error);
  }
}

function render(answer, milliseconds, level) {
  stopDrawing();
  charts.removeAttribute('aria-busy');
  byId('message').hidden = true;
  byId('figures').hidden = answer.count === 0;
  if (answer.count === 0) {
    const last = byId('sensor').selectedOptions[0]?.dataset.last;
    charts.replaceChildren();
    return say(
      'No data in this period',
      `${last ? `The last reading of ${answer.sensor_id} is from ${dateText(last)} UTC. ` : ''}Choose a longer period.`,
    );
  }
  const rows = answer.count === 1 ? '1 row' : `${numberText(answer.count, 0)} rows`;
  byId('status').textContent = `${rows} from ${answer.source} in ${milliseconds} ms · times are UTC`;
  stopDrawing = drawCharts(charts, answer, level);
  fillTable(byId('table'), answer);
}

/** A few hundred to a few thousand points: as fine as a screen can show. */
function automaticLevel(period) {
  const hours = { h: 1, d: 24, w: 168, m: 730, y: 8760 };
  const length = Number.parseInt(period, 10) * hours[period.at(-1)];
  if (length <= 2 * hours.d) return 'raw';
  if (length <= 2 * hours.m) return 'hourly';
  return length <= 2 * hours.y ? 'daily' : 'monthly';
}

async function ask(address, signal) {
  let response;
  try {
    response = await fetch(address, { signal, headers: { accept: 'application/json' } });
  } catch (error) {
    if (error.name === 'AbortError') throw error;
    throw Object.assign(
      new Error('The server cannot be reached; it may be restarting. Press Refresh to try again.'),
      {
        title: 'No connection',
      },
    );
  }
  if (response.ok) return response.json();
  const problem = await response.json().catch(() => ({}));
  throw Object.assign(new Error(problem.detail ?? `The server answered ${response.status}.`), {
    title: problem.title,
  });
}

function complain(error) {
  stopDrawing();
  charts.removeAttribute('aria-busy');
  charts.replaceChildren();
  byId('figures').hidden = true;
  say(error.title ?? 'This did not work', error.message);
}

/** One message instead of the charts. */
function say(title, detail) {
  const heading = document.createElement('strong');
  heading.textContent = title;
  byId('status').textContent = '';
  byId('message').replaceChildren(heading, detail);
  byId('message').hidden = false;
}

function applyAddress() {
  const wanted = new URLSearchParams(location.hash.slice(1));
  for (const control of controls) {
    const value = wanted.get(control.id);
    if ([...control.options].some((option) => option.value === value)) control.value = value;
  }
}

form.addEventListener('change', () => {
  history.replaceState(null, '', `#${new URLSearchParams(question())}`);
  show();
});
form.addEventListener('submit', (event) => {
  event.preventDefault();
  // Without sensors there is nothing to refresh but the list itself.
  if (byId('sensor').value) show();
  else start();
});
addEventListener('hashchange', () => {
  applyAddress();
  show();
});
start();
