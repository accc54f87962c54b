// Reads what the charts of a sensor show: the finest resolution that fits the range and has rows.
import { get } from '../api-client.js';
import { LATE, withGaps } from '../charts/gaps.js';
import { levelsFor } from '../levels.js';
import { rangeOf, rangeParameters } from '../range.js';

const QUANTITIES = ['temperature', 'humidity', 'pressure'];
const columnsCache = new WeakMap();

/**
 * `{ path, level, answer, changed, milliseconds }`; the answer has `columns` beside what the API said.
 * Automatic resolution goes on to a coarser one when rows are no longer kept, or are too many.
 */
export async function readReadings(state, signal) {
  const { from, to } = rangeOf(state);
  const levels = levelsFor(state.level, to - from);
  let empty;
  for (const [at, level] of levels.entries()) {
    const path = `/api/sensors/${encodeURIComponent(state.sensor)}/${level}?${new URLSearchParams(rangeParameters(state))}`;
    try {
      const { body, changed, milliseconds } = await get(path, { signal });
      const answer = { ...body, columns: columnsOf(body, level) };
      const result = { path, level, changed, milliseconds, answer };
      if (body.count > 0) return result;
      empty ??= result;
    } catch (error) {
      if (error.status !== 422 || at === levels.length - 1) throw error;
    }
  }
  return empty;
}

/** The rows as lists per column, for uPlot, with gaps. The same answer is turned once only. */
function columnsOf(body, level) {
  const known = columnsCache.get(body);
  if (known) return known;
  const raw = level === 'raw';
  const { data } = body;
  const columns = { time: data.map((row) => Date.parse(raw ? row.time : row.bucket) / 1000) };
  for (const name of QUANTITIES) columns[name] = data.map((row) => row[raw ? name : `avg_${name}`]);
  if (!raw) {
    columns.temperature_min = data.map((row) => row.min_temperature);
    columns.temperature_max = data.map((row) => row.max_temperature);
  }
  const result = withGaps(columns, LATE[level]);
  columnsCache.set(body, result);
  return result;
}
