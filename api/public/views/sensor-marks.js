// Reads what stands out among the readings of a sensor: anomalies, alerts and thresholds.
import { get } from '../api-client.js';
import { rangeParameters } from '../range.js';
import { QUANTITIES } from './sensor-readings.js';

const WINDOW = '100';
const MOST_ALERTS = '500';

/** What stands out as long as it is not known. */
export const NO_MARKS = { anomalies: [], alerts: [], thresholds: [], faults: [], more: false, known: false };

/**
 * `{ anomalies, alerts, thresholds, faults, more, known }`. Each mark has its `quantity`, and anomalies and alerts have `at`
 * in seconds. What could not be read is left out and named in `faults`, as the readings are worth showing without it.
 * `more` tells that there are more alerts. Anomalies that are given as `known` are not looked for again.
 */
export async function readMarks(state, signal, { known } = {}) {
  const about = { table: 'sensor_data', sensor_id: state.sensor };
  const range = rangeParameters(state);
  const faults = [];
  const read = async (what, path, parameters) => {
    try {
      return (await get(`${path}?${new URLSearchParams(parameters)}`, { signal })).body;
    } catch (error) {
      if (signal.aborted || error.status === 401) throw error;
      faults.push(`${what} could not be read: ${error.message}`);
      return { data: [], thresholds: [] };
    }
  };
  const wanted = state.marks === 'off' || known ? [] : QUANTITIES;
  const [alerts, { thresholds }, ...anomalies] = await Promise.all([
    read('Alerts', '/api/alerts', { ...about, ...range, limit: MOST_ALERTS }),
    read('Thresholds', '/api/thresholds', about),
    ...wanted.map((field) =>
      read(`Anomalies of ${field}`, '/api/series/sensor_data/anomalies', {
        field,
        where: `sensor_id in ${JSON.stringify([state.sensor])}`,
        window: WINDOW,
        threshold: state.marks,
        ...range,
      }),
    ),
  ]);
  const found = anomalies.flatMap(({ data }, at) => data.map((row) => ({ ...row, quantity: wanted[at] })));
  return {
    anomalies: known ?? found.map(timed),
    alerts: alerts.data.map((row) => timed({ ...row, ...meaningOf(row.alert_type) })),
    thresholds: thresholds.flatMap(limitsOf),
    faults: [...new Set(faults)],
    more: alerts.next != null,
    known: true,
  };
}

const timed = (row) => ({ ...row, at: Date.parse(row.time) / 1000 });

/** `temperature_high` → which quantity is beyond which limit. */
function meaningOf(type) {
  const [, quantity, side] = /^(.*)_(low|high)$/.exec(type) ?? [];
  return { quantity, side };
}

/** The limits of a threshold: `{ quantity, value, label }` each. */
const limitsOf = ({ metric, minimum, maximum }) =>
  Object.entries({ minimum, maximum })
    .filter(([, value]) => value !== null)
    .map(([side, value]) => ({ quantity: metric, value, label: `${side} ${value}` }));
