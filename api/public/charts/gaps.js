// Breaks lines where rows are missing, since a straight line across an outage would look like data.
import { drawable } from '../text.js';

/**
 * Adds a row of nulls before each row that comes late. `given` has `time` (seconds, ascending) and lists of values of the
 * same length. A row is late when more than `late` times the usual step has passed.
 */
export function withGaps(given, late) {
  const columns = Object.fromEntries(
    Object.entries(given).map(([name, values]) => [name, values.map(drawable)]),
  );
  const { time } = columns;
  const steps = time.slice(1).map((at, index) => at - time[index]);
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const afterGaps = new Set(steps.flatMap((step, index) => (step > usual * late ? [index + 1] : [])));
  if (afterGaps.size === 0) return columns;
  const result = {};
  for (const [name, values] of Object.entries(columns)) {
    const missing = (at) => (name === 'time' ? time[at] - usual / 2 : null);
    result[name] = values.flatMap((value, at) => (afterGaps.has(at) ? [missing(at), value] : value));
  }
  return result;
}
