// Reads the series of a declared table, and turns its rows into lines.
import { get } from '../api-client.js';
import { withGaps } from '../charts/gaps.js';
import { rangeParameters } from '../range.js';
import { drawable } from '../text.js';
import { ROWS } from './explore-choices.js';

// More points on a line would not be seen, and with fewer points coarser aggregates can answer.
const POINTS = '200';
// More lines could not be told apart.
const LINES = 12;

/** `{ path, answer, milliseconds, hidden }`; `hidden` says that there are more lines than shown, or is ''. */
export async function readSeries(state, signal) {
  const base = `/api/series/${encodeURIComponent(state.table)}`;
  const field = state.field === ROWS ? 'count(*)' : `${state.figure}(${state.field})`;
  const search = new URLSearchParams({ field, bucket: 'auto', points: POINTS, ...rangeParameters(state) });
  let hidden = '';
  if (state.by !== '') {
    search.set('by', state.by);
    const first = new URLSearchParams({ by: state.by, limit: LINES });
    const { body } = await get(`${base}/keys?${first}`, { signal });
    if (body.next !== null) {
      const keys = body.data.map((row) => row[state.by]).filter((key) => key !== null);
      search.set('where', `${state.by} in ${JSON.stringify(keys)}`);
      hidden = `the first ${LINES} by ${state.by}; there are more`;
    }
  }
  const path = `${base}?${search}`;
  const { body, milliseconds } = await get(path, { signal });
  return { path, answer: body, milliseconds, hidden };
}

/** `{ time, lines: [{ name, values }] }` of an answer with one field. */
export function linesOf({ data, fields: [{ name, of }], bucket }, by) {
  const times = [...new Set(data.map((row) => row.time))].sort();
  const place = new Map(times.map((time, at) => [time, at]));
  // Rows without buckets have times of their own on each line: the times of other lines are then undefined, which is no gap.
  const missing = bucket === null ? undefined : null;
  const values = new Map();
  for (const row of data) {
    const key = by === '' ? of : String(row[by] ?? 'none');
    if (!values.has(key)) values.set(key, new Array(times.length).fill(missing));
    values.get(key)[place.get(row.time)] = drawable(row[name]);
  }
  const keys = [...values.keys()].sort((a, b) => (a < b ? -1 : 1));
  const columns = { time: times.map((time) => Date.parse(time) / 1000) };
  for (const [at, key] of keys.entries()) columns[`line${at}`] = values.get(key);
  const { time, ...lists } = bucket === null ? columns : withGaps(columns, 1.5);
  return { time, lines: keys.map((key, at) => ({ name: key, values: lists[`line${at}`] })) };
}
