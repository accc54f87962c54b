// Lists anomalies and alerts in words, newest first.
import { byId, element } from '../element.js';
import { countText, dateText, figureText } from '../text.js';

const SHOWN = 50;

/** Fills the list below the charts with what `readMarks` found. */
export function showEvents(marks, unit) {
  const { anomalies, alerts } = marks;
  const events = [
    ...anomalies.map((row) => ({ time: row.time, kind: 'anomaly', text: anomalyText(row, unit) })),
    ...alerts.map((row) => ({ time: row.time, kind: 'alert', text: alertText(row, unit) })),
  ].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
  byId('events-about').textContent = [aboutText(marks), ...marks.faults].join(' ').trim();
  byId('events-list').replaceChildren(
    ...events
      .slice(0, SHOWN)
      .map(({ time, kind, text }) =>
        element(
          'li',
          { className: `mark ${kind}` },
          element('time', { className: 'soft', dateTime: time }, dateText(time)),
          ` ${kind}: ${text}`,
        ),
      ),
  );
}

function aboutText({ anomalies, alerts, faults, more, known }) {
  const count = anomalies.length + alerts.length;
  if (!known) return 'Looking for anomalies and alerts…';
  // What could not be read may hold some.
  if (count === 0) return faults.length > 0 ? '' : 'None in this range.';
  const found = countText(anomalies.length, 'anomaly', 'anomalies');
  const listed = count > SHOWN ? `; the newest ${SHOWN} are listed` : '';
  return `${found} and ${more ? 'at least ' : ''}${countText(alerts.length, 'alert')} in this range${listed}.`;
}

function anomalyText({ quantity, value, mean, sd, z }, unit) {
  const strength = z == null ? '' : `, ${figureText(Math.abs(z))} σ ${z < 0 ? 'below' : 'above'}`;
  return `${quantity} ${figureText(value)} ${unit[quantity] ?? ''}${strength} the usual ${figureText(mean)} ± ${figureText(sd)}`;
}

function alertText({ quantity, side, alert_type: type, message, value, threshold }, unit) {
  if (!side || value == null) return message ?? type;
  const limit = side === 'low' ? 'below the minimum' : 'above the maximum';
  return `${quantity} ${figureText(value)} ${unit[quantity] ?? ''} is ${limit} ${figureText(threshold)}`;
}
