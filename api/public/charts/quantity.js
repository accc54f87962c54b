// The chart of one quantity: its line, the band between minimum and maximum, what stands out, and all of it in words.
import { element, terms } from '../element.js';
import { countText, numberText, secondsText } from '../text.js';
import { drawMarks } from './marks.js';
import { color, lonely, makePlot, roomFor } from './plot.js';

const CROWDED = 1_000;

/**
 * Draws into a card of the page. Returns `update`, which takes `{ columns, level, unit, range, marks }`: the columns have
 * `time`, the quantity by its `name`, and `<name>_min` and `<name>_max` where there are any.
 */
export function quantityChart(card, { name, onSelect, onReset }) {
  const part = (selector) => card.querySelector(selector);
  let shown = { marks: { anomalies: [], alerts: [], thresholds: [] } };
  card.style.setProperty('--series', `var(--${name})`);
  const edge = { stroke: color('--series-edge'), width: 1, points: { show: false } };
  const chart = makePlot(part('.plot'), {
    sync: 'readings',
    onSelect,
    onReset,
    yRange: (low, high) => roomFor(...withMarks(low, high, shown.marks)),
    yText: (value) => value.toLocaleString(),
    series: [
      {},
      { stroke: color('--series'), width: 2, points: { filter: lonely, fill: color('--series'), size: 5 } },
      edge,
      edge,
    ],
    bands: [{ series: [2, 3], fill: color('--series-band') }],
    draw: drawMarks(() => shown.marks),
    readout: part('.readout'),
    pointText,
  });

  function pointText(at) {
    const { columns, unit } = shown;
    if (columns[name][at] == null) return '';
    const [low, high] = [columns[`${name}_min`]?.[at], columns[`${name}_max`]?.[at]];
    const band = low == null ? '' : ` (${numberText(low)} to ${numberText(high)})`;
    return `${secondsText(columns.time[at])}: ${numberText(columns[name][at])} ${unit}${band}`;
  }

  return function update(next) {
    shown = next;
    const { columns, level, unit, range, marks } = shown;
    const { time, [name]: values, [`${name}_min`]: low, [`${name}_max`]: high } = columns;
    const nothing = time.map(() => null);
    const figures = summary(values, low ?? values, high ?? values);
    const points = values.filter((value) => value != null).length;
    part('.what').textContent = level === 'raw' ? 'readings' : `${level} mean${low ? ' and range' : ''}`;
    part('dl').replaceChildren(
      ...terms(
        figures.map(([label, value]) => [label, value == null ? '–' : `${numberText(value)} ${unit}`]),
      ),
    );
    part('.key').replaceChildren(...keyOf(marks));
    // Crowded lines read better when they are thin.
    chart.uplot.series[1].width = time.length > CROWDED ? 1.25 : 2;
    chart.update({
      data: [time, values, high ?? nothing, low ?? nothing],
      range,
      points,
      label: inWords({ title: part('h2').textContent, unit, figures, points, marks }),
    });
  };
}

/** The ends of the values and their marks. A threshold far away from both is left out, as it would press the line flat. */
function withMarks(low, high, { anomalies, alerts, thresholds }) {
  const [least, most] = endsOf([low, high, ...[...anomalies, ...alerts].map(({ value }) => value)]);
  if (least === null) return [low, high];
  const reach = (most - least) * 1.5 || Math.abs(most) * 0.1 || 1;
  const near = thresholds
    .map(({ value }) => value)
    .filter((value) => value > least - reach && value < most + reach);
  return [Math.min(least, ...near), Math.max(most, ...near)];
}

/** Lowest, mean and highest value. The mean is that of the shown rows, not weighted by their readings. */
function summary(values, lowest, highest) {
  const known = values.filter((value) => value != null);
  const total = known.reduce((sum, value) => sum + value, 0);
  return [
    ['lowest', endsOf(lowest)[0]],
    ['mean', known.length === 0 ? null : total / known.length],
    ['highest', endsOf(highest)[1]],
  ];
}

/** The least and the greatest value, or nulls. `Math.min` fails on long lists. */
function endsOf(values) {
  let [least, most] = [null, null];
  for (const value of values) {
    if (value == null) continue;
    if (least === null || value < least) least = value;
    if (most === null || value > most) most = value;
  }
  return [least, most];
}

function inWords({ title, unit, figures, points, marks: { anomalies, alerts, thresholds } }) {
  const parts = figures.map(([label, value]) => `${label} ${numberText(value)}`);
  const odd = [anomaliesText(anomalies), alertsText(alerts), ...thresholds.map(({ label }) => label)];
  return `${title} over time in ${unit}, ${countText(points, 'point')}: ${parts.join(', ')}; ${odd.join(', ')}. All figures are in the table below.`;
}

function keyOf({ anomalies, alerts, thresholds }) {
  const entries = [];
  if (anomalies.length > 0) entries.push(['anomaly', anomaliesText(anomalies)]);
  if (alerts.length > 0) entries.push(['alert', alertsText(alerts)]);
  if (thresholds.length > 0) entries.push(['limit', thresholds.map(({ label }) => label).join(', ')]);
  return entries.map(([kind, text]) => element('span', { className: `mark ${kind}` }, text));
}

const anomaliesText = ({ length }) => countText(length, 'anomaly', 'anomalies');
const alertsText = ({ length }) => countText(length, 'alert');
