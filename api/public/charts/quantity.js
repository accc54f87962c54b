// The chart of one quantity: its line, the band between minimum and maximum, what stands out, and all of it in words.
import { element, terms } from '../element.js';
import { countText, numberText, secondsText } from '../text.js';
import { drawMarks } from './marks.js';
import { color, lonely, makePlot, roomFor } from './plot.js';

const CROWDED = 1_000;

/**
 * Draws into a card of the page. Returns `update`, which takes `{ columns, level, unit, range, marks }`: the columns have
 * `time`, the quantity by its `name`, and for buckets `<name>_min`, `<name>_max` and `<name>_count`. The unit is by name, too.
 */
export function quantityChart(card, { name, onSelect, onReset }) {
  const part = (selector) => card.querySelector(selector);
  let shown = { anomalies: [], alerts: [], thresholds: [] };
  card.style.setProperty('--series', `var(--${name})`);
  const edge = { stroke: color('--series-edge'), width: 1, points: { show: false } };
  const chart = makePlot(part('.plot'), {
    sync: 'readings',
    onSelect,
    onReset,
    yRange: (low, high) => roomFor(...withMarks(low, high, shown)),
    yText: (value) => value.toLocaleString(),
    series: [
      {},
      { stroke: color('--series'), width: 2, points: { filter: lonely, fill: color('--series'), size: 5 } },
      edge,
      edge,
    ],
    bands: [{ series: [2, 3], fill: color('--series-band') }],
    draw: drawMarks(() => shown),
    readout: part('.readout'),
    pointText,
  });

  function pointText(at) {
    const { time, values, low, high, unit } = shown;
    if (values[at] == null) return '';
    const band = low?.[at] == null ? '' : ` (${numberText(low[at])} to ${numberText(high[at])})`;
    return `${secondsText(time[at])}: ${numberText(values[at])} ${unit}${band}`;
  }

  return ({ columns, level, unit, range, marks }) => {
    const { time, [name]: values, [`${name}_min`]: low, [`${name}_max`]: high } = columns;
    const weights = columns[`${name}_count`];
    const own = (rows) => rows.filter(({ quantity }) => quantity === name);
    const [anomalies, alerts, thresholds] = [marks.anomalies, marks.alerts, marks.thresholds].map(own);
    shown = { time, values, low, high, weights, unit: unit[name] ?? '', anomalies, alerts, thresholds };
    const figures = figuresOf(shown);
    const counts = countsOf(shown);
    const points = values.filter((value) => value != null).length;
    part('.what').textContent =
      level === 'raw'
        ? 'readings'
        : `${level} mean${low?.some((value) => value != null) ? ' and range' : ''}`;
    part('dl').replaceChildren(...terms(figures.map(([label, value]) => [label, `${value} ${shown.unit}`])));
    part('.key').replaceChildren(
      ...counts
        .filter(({ count }) => count > 0)
        .map(({ kind, text }) => element('span', { className: `mark ${kind}` }, text)),
    );
    const title = `${part('h2').textContent} over time in ${shown.unit}, ${countText(points, 'point')}`;
    const inWords = [figures.map((figure) => figure.join(' ')), counts.map(({ text }) => text)];
    // Crowded lines read better when they are thin.
    chart.uplot.series[1].width = time.length > CROWDED ? 1.25 : 2;
    const nothing = time.map(() => null);
    chart.update({
      data: [time, values, high ?? nothing, low ?? nothing],
      range,
      points,
      label: `${title}: ${inWords.map((texts) => texts.join(', ')).join('; ')}. All figures are in the table below.`,
    });
  };
}

/**
 * Lowest, mean and highest value as texts. Of buckets, the mean is weighted by their numbers of values, and the ends are those of
 * their ends. An end is unknown when a bucket has values but no end, as those from before the end was stored.
 */
function figuresOf({ values, low = values, high = values, weights }) {
  let [total, count] = [0, 0];
  for (const [at, value] of values.entries()) {
    const weight = value == null ? 0 : (weights?.[at] ?? 1);
    if (weight === 0) continue;
    total += value * weight;
    count += weight;
  }
  const isKnown = (ends) => values.every((value, at) => value == null || ends[at] != null);
  const figures = [
    ['lowest', isKnown(low) ? endsOf(low)[0] : null],
    ['mean', count === 0 ? null : total / count],
    ['highest', isKnown(high) ? endsOf(high)[1] : null],
  ];
  return figures.map(([label, value]) => [label, numberText(value)]);
}

/** How many marks of each kind there are, also in words. */
function countsOf({ anomalies, alerts, thresholds }) {
  return [
    { kind: 'anomaly', count: anomalies.length, text: countText(anomalies.length, 'anomaly', 'anomalies') },
    { kind: 'alert', count: alerts.length, text: countText(alerts.length, 'alert') },
    ...thresholds.map(({ label }) => ({ kind: 'limit', count: 1, text: label })),
  ];
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
