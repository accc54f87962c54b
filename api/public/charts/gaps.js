// Breaks lines where rows are missing: a straight line across an outage would look like data.

/**
 * Adds a row of nulls before each row that comes too late.
 * `columns` has `time` (seconds, ascending) and lists of values of the same length; `late` is how many usual steps are too many.
 */
export function withGaps(columns, late) {
  const { time } = columns;
  const steps = time.slice(1).map((at, index) => at - time[index]);
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const starts = new Set(steps.flatMap((step, index) => (step > usual * late ? [index + 1] : [])));
  if (starts.size === 0) return columns;
  const result = {};
  for (const [name, values] of Object.entries(columns)) {
    result[name] = [];
    for (const [at, value] of values.entries()) {
      if (starts.has(at)) result[name].push(name === 'time' ? time[at] - usual / 2 : null);
      result[name].push(value);
    }
  }
  return result;
}

/** Months differ in length; raw readings come late now and then. */
export const LATE = { raw: 5, hourly: 1.5, daily: 1.5, monthly: 1.2 };
