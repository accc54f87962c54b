// The view of one sensor: controls, charts, what stands out and figures, kept up to date.
import { change, complete, current } from '../address.js';
import { quantityChart } from '../charts/quantity.js';
import { byId } from '../element.js';
import { makeLoader } from '../loader.js';
import { isFixed, rangeAround, timeOf } from '../range.js';
import { figuresTable } from '../table.js';
import { clockText } from '../text.js';
import { showFacts } from './facts.js';
import { sensorControls } from './sensor-controls.js';
import { showEvents } from './sensor-events.js';
import { figuresOf, showNewest } from './sensor-figures.js';
import { NO_MARKS, readMarks } from './sensor-marks.js';
import { columnsOf, QUANTITIES, readNewest, readReadings } from './sensor-readings.js';

const EVERY_MS = 10_000;
const ANOMALIES_KEPT_MS = 60_000;

/** Wires the view; returns `{ show(state), hide() }`. */
export function sensorsView(page) {
  let drawn = null;
  const loader = makeLoader({ read, failed, everyMs: EVERY_MS, busy: byId('charts'), page });
  const controls = sensorControls({ refresh: () => loader.load(), page });
  const zoom = (from, to) => change({ from: timeOf(from), to: timeOf(Math.max(to, from + 10)) });
  const charts = QUANTITIES.map((name) =>
    quantityChart(document.querySelector(`.card.${name}`), { name, onSelect: zoom, onReset: controls.reset }),
  );
  const showFigures = figuresTable(byId('figures'), byId('figures-table'));

  async function read({ signal, quiet }) {
    const listed = controls.loadSensors(signal);
    const isNamed = current().sensor !== '';
    if (!isNamed) {
      await listed;
      const sensor = controls.firstSensor();
      if (sensor === undefined) {
        page.showFailure({
          title: 'There are no sensors yet',
          message: 'As soon as readings arrive in sensor_data, they show up here by themselves.',
        });
        return true;
      }
      complete({ sensor });
      controls.show(current());
    }
    const state = current();
    await Promise.all([listed, showReadings(state, { signal, quiet: quiet && isNamed })]);
    return state.live === 'on' && !isFixed(state);
  }

  async function showReadings(state, { signal, quiet }) {
    const [{ path, level, answer, changed, milliseconds }, newest] = await Promise.all([
      readReadings(state, signal),
      readNewest(state, signal),
    ]);
    page.hideFailure();
    const key = JSON.stringify([path, state.marks]);
    const isOther = drawn?.key !== key;
    const isNew = isOther || changed || !quiet;
    if (isOther) {
      drawn = { key, marks: NO_MARKS, lookedAt: 0 };
      showEvents(NO_MARKS, answer.unit);
    }
    Object.assign(drawn, { answer, level });
    // Time goes on without readings, too, and the chart shows it.
    draw(state);
    showNewest(newest, answer.unit);
    const isHeld = state.live === 'on' && isFixed(state);
    controls.showUpdate(`updated ${clockText()}${isHeld ? ', not live: the range is fixed' : ''}`);
    byId('charts').ariaBusy = null;
    if (!isNew) return;

    showFacts(byId('facts'), {
      answer,
      resolution: `${answer.bucket ?? 'every reading'}${state.level === 'automatic' ? ' (automatic)' : ''}`,
      rows: level === 'raw' ? 'readings' : `${level} figures`,
      milliseconds,
    });
    showFigures(figuresOf(answer));
    controls.pointExports(path, `${state.sensor}-${level}`);
    // Looking for anomalies reads all rows of the range, which is too much for every load.
    const isRecent = quiet && Date.now() - drawn.lookedAt < ANOMALIES_KEPT_MS;
    drawn.marks = await readMarks(state, signal, isRecent ? { known: drawn.marks.anomalies } : {});
    if (!isRecent) drawn.lookedAt = Date.now();
    draw(state);
    showEvents(drawn.marks, answer.unit);
    if (!quiet) page.announce(`${state.sensor}: ${answer.count} rows from ${answer.source}`);
  }

  function draw(state) {
    const { answer, level, marks } = drawn;
    const { columns, unit } = answer;
    const range = rangeAround(state, columns.time, level === 'raw');
    for (const update of charts) update({ columns, level, range, unit, marks });
  }

  function failed(error) {
    controls.showUpdate(error.passes ? `failed at ${clockText()}` : '', { isFault: true });
    if (error.passes) return;
    // The schema that the API serves can be a selection.
    if (error.type?.endsWith(':unknown-route'))
      error.message = 'The served schema has no table sensor_data; choose one of its tables in Explore.';
    clear();
  }

  /** Clears the view, as figures of another sensor or range must not stay below a failure. */
  function clear() {
    drawn = { answer: { columns: columnsOf([], 'raw'), unit: {} }, level: 'raw', marks: NO_MARKS };
    draw(current());
    for (const part of document.querySelectorAll('#facts, #events-list, #events-about, .quantity .now'))
      part.replaceChildren();
    showFigures({ columns: [], rows: [] });
  }

  return {
    show(state) {
      controls.show(state);
      loader.load();
    },
    hide: loader.stop,
  };
}
