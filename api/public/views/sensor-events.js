// Lists anomalies and alerts in words, newest first.
import { byId, element } from '../element.js';
import { countText, dateText, figureText } from '../text.js';

const SHOWN = 50;

/** Fills the list of events below the charts. */
export function showEvents({ anomalies, alerts, faults, more, known }, unit) {
  const lines = [
    ...anomalies.map((row) => ({ time: row.time, kind: 'anomaly', text: anomalyText(row, unit) })),
    ...alerts.map((row) => ({ time: row.time, kind: 'alert', text: alertText(row, unit) })),
  ].sort((a, b) => Date.parse(b.time) - Date.parse(a.time));
  const about = !known
    ? 'Looking for them…'
    : lines.length === 0
      ? 'None in this range.'
      : `${countText(anomalies.length, 'anomaly', 'anomalies')} and ${countText(alerts.length, 'alert')}${more ? ' or more' : ''} in this range${lines.length > SHOWN ? `; the newest ${SHOWN} are listed` : ''}.`;
  // Without an answer there is no saying that there are none.
  byId('events-about').textContent = [faults.length > 0 && lines.length === 0 ? '' : about, ...faults]
    .join(' ')
    .trim();
  byId('events-list').replaceChildren(
    ...lines
      .slice(0, SHOWN)
      .map(({ time, kind, text }) =>
        element(
          'li',
          { className: `mark ${kind}` },
          element('time', { dateTime: time, textContent: dateText(time) }),
          element('span', { textContent: ` ${kind}: ${text}` }),
        ),
      ),
  );
}

function anomalyText({ quantity, value, mean, sd, z }, unit) {
  const of = unit[quantity] ?? '';
  const strength = z == null ? '' : `, ${figureText(Math.abs(z))} σ ${z < 0 ? 'below' : 'above'}`;
  return `${quantity} ${figureText(value)} ${of}${strength} the usual ${figureText(mean)} ± ${figureText(sd)}`;
}

function alertText({ quantity, side, alert_type: type, message, value, threshold }, unit) {
  if (!side || value == null) return message ?? type;
  const of = unit[quantity] ?? '';
  return `${quantity} ${figureText(value)} ${of} is ${side === 'low' ? 'below the minimum' : 'above the maximum'} ${figureText(threshold)}`;
}
