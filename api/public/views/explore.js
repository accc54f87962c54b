// The view of any declared table: choose what to draw, see its lines and figures, and which relation answered.
import { change, complete, current } from '../address.js';
import { get } from '../api-client.js';
import { linesChart } from '../charts/lines.js';
import { exportLinks } from '../download.js';
import { byId, fillOptions } from '../element.js';
import { makeLoader } from '../loader.js';
import { PERIODS, rangeAround, rangeOf } from '../range.js';
import { figuresTable, timeColumn } from '../table.js';
import { choicesOf, figures, keyColumns, numericFields } from './explore-choices.js';
import { linesOf, readSeries } from './explore-series.js';
import { showFacts } from './facts.js';

const CONTROLS = ['table', 'field', 'figure', 'by', 'period'];

/** Wires the view; returns `{ show(state), hide() }`. */
export function exploreView(page) {
  let tables = null;
  const part = (name) => byId(`explore-${name}`);
  const showLines = linesChart(part('plot'), { readout: part('readout'), key: part('key') });
  const showFigures = figuresTable(part('figures'), part('rows'));
  const pointExports = exportLinks({ csv: part('csv'), json: part('json') }, page.showFailure);
  const loader = makeLoader({ read, failed: clear, busy: part('plot'), page });

  fillOptions(part('period'), PERIODS);
  for (const name of CONTROLS) {
    part(name).addEventListener('change', ({ target }) => {
      // Another table has other columns.
      const others = name === 'table' ? { field: '', by: '', figure: 'avg' } : {};
      change({ ...others, [name]: target.value });
    });
  }
  part('form').addEventListener('submit', (event) => {
    event.preventDefault();
    loader.load();
  });

  async function read({ signal }) {
    tables ??= (await get('/api/tables', { signal })).body.tables;
    if (tables.length === 0) {
      clear();
      return page.showFailure({
        title: 'Nothing to explore',
        message: 'The declared schema has no hypertable.',
      });
    }
    const state = choicesOf(tables, current());
    complete(state);
    showChoices(state);
    const result = await readSeries(state, signal);
    page.hideFailure();
    show(state, result);
  }

  function showChoices(state) {
    const chosen = tables.find(({ name }) => name === state.table);
    const options = (names) => names.map((name) => [name, name]);
    fillOptions(part('table'), options(tables.map(({ name }) => name)));
    fillOptions(part('field'), numericFields(chosen));
    fillOptions(part('figure'), figures(state.field));
    fillOptions(part('by'), [['', 'all together'], ...options(keyColumns(chosen))]);
    for (const name of CONTROLS) part(name).value = state[name];
  }

  function show(state, { path, answer, milliseconds, hidden }) {
    const [{ name, of, unit }] = answer.fields;
    const { time, lines } = linesOf(answer, state.by);
    showLines({
      time,
      lines,
      title: `${of} of ${state.table}`,
      unit: unit ?? '',
      range: rangeAround(state, time),
    });
    part('chart-title').textContent = unit ? `${of} in ${unit}` : of;
    showFacts(part('facts'), {
      answer,
      resolution: answer.bucket ?? 'every row',
      rows: 'rows',
      milliseconds,
      more: hidden === '' ? [] : [['lines', hidden]],
    });
    showFigures({
      columns: [
        timeColumn('time'),
        ...answer.by.map((column) => ({ name: column, title: column })),
        { name, title: unit ? `${of} (${unit})` : of },
      ],
      rows: answer.data,
    });
    pointExports(path, `${state.table}-${name}`);
    page.announce(`${of} of ${state.table}: ${answer.count} rows from ${answer.source}`);
  }

  function clear() {
    showLines({ time: [], lines: [], title: 'Nothing', unit: '', range: rangeOf(current()) });
    part('facts').replaceChildren();
    showFigures({ columns: [timeColumn('time')], rows: [] });
  }

  return { show: () => loader.load(), hide: loader.stop };
}
