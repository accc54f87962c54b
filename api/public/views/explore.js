// The view of any declared table: choose what to draw, see lines and figures, and which relation answered.
import { change, complete, current } from '../address.js';
import { get } from '../api-client.js';
import { linesChart } from '../charts/lines.js';
import { downloadLink, pointDownloads } from '../download.js';
import { byId, fillOptions, terms } from '../element.js';
import { PERIODS, rangeOf } from '../range.js';
import { lazyTable, timeColumn } from '../table.js';
import { numberText } from '../text.js';
import { choicesOf, figures, keyColumns, numericFields } from './explore-choices.js';
import { linesOf, readSeries } from './explore-series.js';
import { freshnessText } from './sensor-facts.js';

const CONTROLS = ['table', 'field', 'figure', 'by', 'period'];

/** Wires the view; returns `{ show(state), hide() }`. */
export function exploreView({ say, complain, contented }) {
  let underWay = new AbortController();
  let tables = null;
  const control = (name) => byId(`explore-${name}`);
  const showLines = linesChart(control('plot'), { readout: control('readout'), key: control('key') });
  const table = lazyTable(control('figures'), control('rows'));
  const links = { csv: control('csv'), json: control('json') };
  for (const link of Object.values(links)) downloadLink(link, complain);
  fillOptions(control('period'), PERIODS);

  for (const name of CONTROLS) {
    control(name).addEventListener('change', ({ target }) => {
      // Another table has other columns.
      change(
        name === 'table'
          ? { table: target.value, field: '', by: '', figure: 'avg' }
          : { [name]: target.value },
      );
    });
  }
  control('form').addEventListener('submit', (event) => {
    event.preventDefault();
    load();
  });

  async function load() {
    underWay.abort();
    underWay = new AbortController();
    const { signal } = underWay;
    control('plot').setAttribute('aria-busy', 'true');
    try {
      tables ??= (await get('/api/tables', { signal })).body.tables;
      if (tables.length === 0)
        throw Object.assign(new Error('The declared schema has no hypertable.'), {
          title: 'Nothing to explore',
        });
      const state = choicesOf(tables, current());
      complete(state);
      showControls(state);
      const result = await readSeries(state, signal);
      contented();
      show(state, result);
    } catch (error) {
      if (signal.aborted) return;
      clear();
      complain(error, { retry: error.passes ? load : undefined });
    } finally {
      if (!signal.aborted) control('plot').removeAttribute('aria-busy');
    }
  }

  function showControls(state) {
    const chosen = tables.find(({ name }) => name === state.table);
    fillOptions(
      control('table'),
      tables.map(({ name }) => [name, name]),
    );
    fillOptions(control('field'), numericFields(chosen));
    fillOptions(control('figure'), figures(state.field));
    fillOptions(control('by'), [['', 'all together'], ...keyColumns(chosen).map((name) => [name, name])]);
    for (const name of CONTROLS) control(name).value = state[name];
  }

  function show(state, { path, answer, milliseconds, hidden }) {
    const [{ name, of, unit }] = answer.fields;
    const lines = linesOf(answer, state.by);
    showLines({
      ...lines,
      title: `${of} of ${state.table}`,
      unit: unit ?? '',
      range: shownRange(state, lines.time),
    });
    control('chart-title').textContent = `${of}${unit ? ` in ${unit}` : ''}`;
    control('facts').replaceChildren(
      ...terms([
        ['source', answer.source],
        ['resolution', answer.bucket ?? 'every row'],
        ['rows', `${numberText(answer.count, 0)} in ${milliseconds} ms`],
        ['freshness', freshnessText(answer.freshness)],
        ...(hidden ? [['lines', hidden]] : []),
        ...(answer.count === 0 ? [['no rows', 'There are none in this range; choose a longer one.']] : []),
      ]),
    );
    table.show({
      columns: [
        timeColumn('time'),
        ...answer.by.map((column) => ({ name: column, title: column })),
        { name, title: `${of}${unit ? ` (${unit})` : ''}` },
      ],
      rows: answer.data,
      count: answer.count,
    });
    pointDownloads(links, path, `${state.table}-${name}`);
    say(`${of} of ${state.table}: ${answer.count} rows from ${answer.source}`);
  }

  function clear() {
    showLines({ time: [], lines: [], title: 'Nothing', unit: '', range: rangeOf(current()) });
    control('facts').replaceChildren();
    table.show({ columns: [timeColumn('time')], rows: [] });
  }

  return { show: load, hide: () => underWay.abort() };
}

function shownRange(state, time) {
  const { from, to } = rangeOf(state);
  return time.length === 0 ? { from, to } : { from: Math.min(from, time[0]), to: Math.max(to, time.at(-1)) };
}
