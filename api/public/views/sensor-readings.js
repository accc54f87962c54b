// Reads what the charts of a sensor show: the finest resolution that fits the range and has rows.
import { get } from '../api-client.js';
import { withGaps } from '../charts/gaps.js';
import { rangeOf, rangeParameters } from '../range.js';

/** What a sensor measures. */
export const QUANTITIES = ['temperature', 'humidity', 'pressure'];

const DAY = 86_400;
// Resolutions from fine to coarse. The longest range in seconds that a level shows gives a few hundred to a few thousand
// points, as fine as a screen can show, with room for a range that grows while it is open. A row is late after so many
// buckets: months differ in length, and raw readings are late now and then.
const LEVELS = {
  raw: { longest: 2.1 * DAY, bucket: 0, late: 5 },
  hourly: { longest: 62 * DAY, bucket: 3_600, late: 1.5 },
  daily: { longest: 740 * DAY, bucket: DAY, late: 1.5 },
  monthly: { longest: Number.POSITIVE_INFINITY, bucket: 30 * DAY, late: 1.2 },
};

/**
 * Reads `{ path, level, answer, changed, milliseconds }`. The answer has `columns` beside what the API said.
 * The automatic resolution goes on to a coarser level when the rows of a level are no longer kept, or are too many.
 */
export async function readReadings(state, signal) {
  const levels = levelsFor(state);
  const search = new URLSearchParams(rangeParameters(state));
  let empty;
  for (const level of levels) {
    const path = `${sensorPath(state)}/${level}?${search}`;
    try {
      const { body, ...how } = await get(path, { signal });
      // The client keeps answers, so the columns of an answer that is asked for again are there.
      body.columns ??= columnsOf(body.data, level);
      if (body.count > 0) return { path, level, answer: body, ...how };
      empty ??= { path, level, answer: body, ...how };
    } catch (error) {
      if (error.status !== 422 || level === levels.at(-1)) throw error;
    }
  }
  return empty;
}

/** Reads the newest reading of a sensor; null when it has none any more, while its aggregates may still be there. */
export async function readNewest(state, signal) {
  try {
    return (await get(`${sensorPath(state)}/current`, { signal })).body;
  } catch (error) {
    if (error.status === 404) return null;
    throw error;
  }
}

const sensorPath = ({ sensor }) => `/api/sensors/${encodeURIComponent(sensor)}`;

/** The levels to try, best first. A bucket that is longer than half of the range would say little about it. */
function levelsFor(state) {
  if (Object.hasOwn(LEVELS, state.level)) return [state.level];
  const { from, to } = rangeOf(state);
  const fitting = Object.keys(LEVELS).filter((level) => to - from <= LEVELS[level].longest);
  return fitting.filter((level, at) => at === 0 || LEVELS[level].bucket * 2 <= to - from);
}

/** The rows as lists, one for each column, as the charts take them. */
export function columnsOf(rows, level) {
  const isRaw = level === 'raw';
  const list = (name) => rows.map((row) => row[name]);
  const columns = { time: list(isRaw ? 'time' : 'bucket').map((time) => Date.parse(time) / 1000) };
  for (const name of QUANTITIES) {
    columns[name] = list(isRaw ? name : `avg_${name}`);
    if (!isRaw)
      for (const figure of ['min', 'max', 'count']) columns[`${name}_${figure}`] = list(`${figure}_${name}`);
  }
  return withGaps(columns, LEVELS[level].late);
}
