// Reads what stands out among the readings of a sensor: anomalies, alerts and thresholds.
import { get } from '../api-client.js';
import { rangeParameters } from '../range.js';

const QUANTITIES = ['temperature', 'humidity', 'pressure'];
const WINDOW = '100';
const MOST_ALERTS = '500';

/** Nothing stands out, or it is not known yet. */
export const NO_MARKS = marksOf({
  anomalies: [],
  alerts: [],
  thresholds: [],
  faults: [],
  more: false,
  known: false,
});

/**
 * `{ anomalies, alerts, thresholds, faults, more, of(quantity) }`. What could not be read is left out and named in `faults`:
 * the readings themselves are worth showing without it. `known` are anomalies that need not be looked for again.
 */
export async function readMarks(state, signal, { known } = {}) {
  const about = { table: 'sensor_data', sensor_id: state.sensor };
  const range = rangeParameters(state);
  const faults = [];
  const read = async (what, path, parameters, otherwise) => {
    try {
      return (await get(`${path}?${new URLSearchParams(parameters)}`, { signal })).body;
    } catch (error) {
      if (signal.aborted || error.status === 401) throw error;
      faults.push(`${what} could not be read: ${error.message}`);
      return otherwise;
    }
  };
  const wanted = state.marks === 'off' || known ? [] : QUANTITIES;
  const [alerts, thresholds, ...anomalies] = await Promise.all([
    read('Alerts', '/api/alerts', { ...about, ...range, limit: MOST_ALERTS }, { data: [] }),
    read('Thresholds', '/api/thresholds', about, { thresholds: [] }),
    ...wanted.map((field) =>
      read(
        `Anomalies of ${field}`,
        '/api/series/sensor_data/anomalies',
        { field, where: `sensor_id=${state.sensor}`, window: WINDOW, threshold: state.marks, ...range },
        { data: [] },
      ),
    ),
  ]);
  return marksOf({
    anomalies:
      known ?? anomalies.flatMap(({ data }, at) => data.map((row) => ({ ...row, quantity: wanted[at] }))),
    alerts: alerts.data.map((row) => ({ ...row, ...meaningOf(row.alert_type) })),
    thresholds: thresholds.thresholds.flatMap(limitsOf),
    faults: [...new Set(faults)],
    more: alerts.next != null,
    known: true,
  });
}

function marksOf(all) {
  const at = (row) => ({ ...row, at: Date.parse(row.time) / 1000 });
  return {
    ...all,
    /** The marks of one quantity, as charts take them. */
    of: (quantity) => ({
      anomalies: all.anomalies.filter((row) => row.quantity === quantity).map(at),
      alerts: all.alerts.filter((row) => row.quantity === quantity).map(at),
      thresholds: all.thresholds.filter((row) => row.quantity === quantity),
    }),
  };
}

/** `temperature_high` → which quantity passed which limit. */
function meaningOf(type) {
  const [, quantity, side] = /^(.*)_(low|high)$/.exec(type) ?? [];
  return { quantity, side };
}

function limitsOf({ metric, minimum, maximum }) {
  const limits = [];
  if (minimum !== null) limits.push({ quantity: metric, value: minimum, label: `minimum ${minimum}` });
  if (maximum !== null) limits.push({ quantity: metric, value: maximum, label: `maximum ${maximum}` });
  return limits;
}
