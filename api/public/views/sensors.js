// The view of one sensor: controls, charts, marks and figures, kept up to date.
import { change, complete, current } from '../address.js';
import { get } from '../api-client.js';
import { quantityChart } from '../charts/quantity.js';
import { byId } from '../element.js';
import { liveUpdates } from '../live.js';
import { isFixed, rangeOf, timeOf } from '../range.js';
import { lazyTable } from '../table.js';
import { sensorControls } from './sensor-controls.js';
import { showEvents } from './sensor-events.js';
import { showFacts, showNow, tableOf } from './sensor-facts.js';
import { NO_MARKS, readMarks } from './sensor-marks.js';
import { readReadings } from './sensor-readings.js';

const QUANTITIES = ['temperature', 'humidity', 'pressure'];

const ANOMALIES_KEPT_MS = 60_000;

/** Wires the view; returns `{ show(state), hide() }`. */
export function sensorsView({ say, complain, contented }) {
  let underWay = new AbortController();
  let drawn = null;
  const live = liveUpdates(() => load({ quiet: true }));
  const controls = sensorControls({ refresh: () => load(), complain });
  const zoom = (from, to) => change({ from: timeOf(from), to: timeOf(Math.max(to, from + 10)) });
  const onReset = () => change({ from: '', to: '' });
  const charts = QUANTITIES.map((name) => ({
    name,
    update: quantityChart(document.querySelector(`.card.${name}`), { name, onSelect: zoom, onReset }),
  }));
  const table = lazyTable(byId('figures'), byId('figures-table'));

  /** `quiet` = nobody asked for it: nothing is announced and nothing fades. */
  async function load({ quiet = false } = {}) {
    underWay.abort();
    underWay = new AbortController();
    const { signal } = underWay;
    if (!quiet) byId('charts').setAttribute('aria-busy', 'true');
    try {
      const state = current();
      const listed = controls.loadSensors(signal);
      if (state.sensor === '') return await withoutSensor(listed, signal);
      await Promise.all([listed, showReadings(state, { signal, quiet })]);
    } catch (error) {
      if (!signal.aborted) failed(error);
    } finally {
      if (!signal.aborted) byId('charts').removeAttribute('aria-busy');
    }
  }

  async function withoutSensor(listed, signal) {
    await listed;
    const first = controls.firstSensor();
    if (first === undefined) {
      live.succeeded({ live: true });
      const message = 'As soon as readings arrive in sensor_data, they show up here by themselves.';
      return complain(Object.assign(new Error(message), { title: 'There are no sensors yet' }));
    }
    complete({ sensor: first });
    controls.show(current());
    await showReadings(current(), { signal, quiet: false });
  }

  async function showReadings(state, { signal, quiet }) {
    const [{ path, level, answer, changed, milliseconds }, now] = await Promise.all([
      readReadings(state, signal),
      get(`/api/sensors/${encodeURIComponent(state.sensor)}/current`, { signal }).catch((error) => {
        // Readings may be gone while their aggregates stay.
        if (error.status === 404) return { body: null };
        throw error;
      }),
    ]);
    contented();
    const key = JSON.stringify([path, state.marks]);
    const isNew = changed || drawn?.key !== key || !quiet;
    const marks = drawn?.key === key ? drawn.marks : NO_MARKS;
    if (isNew) {
      if (drawn?.key !== key) showEvents(NO_MARKS, answer.unit);
      drawn = { key, answer, level, marks, lookedAt: drawn?.key === key ? drawn.lookedAt : undefined };
      draw(state);
      showFacts({ answer, level, wanted: state.level, milliseconds });
      table.show(tableOf(answer));
      controls.exports(path, `${state.sensor}-${level}`);
    }
    showNow(now.body, answer.unit);
    controls.updated(state);
    byId('charts').removeAttribute('aria-busy');
    // Time goes on without readings, too: the silence must show.
    if (!isNew) draw(state);
    else {
      // Looking for anomalies reads all rows of the range: too much for every tick.
      const isRecent = quiet && Date.now() - (drawn.lookedAt ?? 0) < ANOMALIES_KEPT_MS;
      drawn.marks = await readMarks(state, signal, isRecent ? { known: drawn.marks.anomalies } : {});
      if (!isRecent) drawn.lookedAt = Date.now();
      draw(state);
      showEvents(drawn.marks, answer.unit);
    }
    if (!quiet) say(`${state.sensor}: ${answer.count} rows from ${answer.source}`);
    live.succeeded({ live: state.live === 'on' && !isFixed(state) });
  }

  function draw(state) {
    const { answer, level, marks } = drawn;
    const range = rangeOf(state);
    const columns = answer.columns;
    const { time } = columns;
    // Clocks differ, and a bucket starts before the range: no row is cut off.
    if (time.length > 0 && !isFixed(state)) range.to = Math.max(range.to, time.at(-1));
    if (time.length > 0 && level !== 'raw') range.from = Math.min(range.from, time[0]);
    for (const { name, update } of charts) {
      update({ columns, level, range, unit: answer.unit[name], marks: marks.of(name) });
    }
  }

  /** Figures of another sensor or range must not stay below a failure. */
  function clear() {
    drawn = null;
    const nothing = { level: 'raw', unit: '', range: rangeOf(current()) };
    for (const { name, update } of charts)
      update({ ...nothing, columns: { time: [], [name]: [] }, marks: NO_MARKS.of(name) });
    for (const part of ['facts', 'events-list', 'events-about']) byId(part).replaceChildren();
    for (const now of document.querySelectorAll('.quantity .now')) now.replaceChildren();
    table.show({ columns: [], rows: [] });
  }

  function failed(error) {
    if (!error.passes) {
      // Sets of the schema can be left out when the API is started.
      if (error.type?.endsWith(':unknown-route'))
        error.message = 'The served schema has no sensor_data; choose one of its tables in Explore.';
      live.stop();
      controls.failed('');
      clear();
      return complain(error);
    }
    const seconds = live.failed(error);
    controls.failed(`failed at ${new Date().toISOString().slice(11, 19)} UTC`);
    complain(error, {
      next: `The next try is in ${seconds} s; what is shown may be old.`,
      retry: () => load(),
    });
  }

  return {
    show(state) {
      controls.show(state);
      load();
    },
    hide() {
      underWay.abort();
      live.stop();
    },
  };
}
