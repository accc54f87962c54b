// The chart of one quantity: line, band between minimum and maximum, marks, and in words what it shows.
import { element, terms } from '../element.js';
import { countText, numberText, secondsText } from '../text.js';
import { marksHook } from './marks.js';
import { colorOf, lonely, makePlot, roomFor } from './plot.js';

const HEIGHT = 210;
const NO_MARKS = { anomalies: [], alerts: [], thresholds: [] };

/**
 * Fills a card of the page and returns `{ update, end }`. `update` takes
 * `{ columns, level, unit, range, marks }`: columns with `time`, the quantity by name, and `<name>_min`/`_max` where there are any.
 */
export function quantityChart(card, { name, title, onSelect, onReset }) {
  const place = card.querySelector('.plot');
  const readout = card.querySelector('.readout');
  let shown = {
    columns: { time: [], [name]: [] },
    range: { from: 0, to: 1 },
    marks: NO_MARKS,
    unit: '',
    level: '',
  };

  const chart = makePlot(place, {
    height: HEIGHT,
    sync: 'readings',
    onSelect,
    onReset,
    xRange: () => [shown.range.from, shown.range.to],
    yRange: (low, high) => roomFor(...withMarks(low, high, shown.marks)),
    yText: (value) => value.toLocaleString(),
    series: [
      {},
      {
        stroke: () => colorOf(place, '--series'),
        width: 2,
        points: { filter: lonely, fill: () => colorOf(place, '--series'), size: 5 },
      },
      { stroke: () => `${colorOf(place, '--series')}66`, width: 1, points: { show: false } },
      { stroke: () => `${colorOf(place, '--series')}66`, width: 1, points: { show: false } },
    ],
    bands: [{ series: [2, 3], fill: () => `${colorOf(place, '--series')}33` }],
    hooks: {
      draw: [marksHook(place, () => shown.marks)],
      setCursor: [(uplot) => (readout.textContent = pointText(uplot.cursor.idx))],
    },
  });

  function pointText(at) {
    const { columns, unit } = shown;
    if (at == null || columns[name][at] == null) return '';
    const [low, high] = [columns[`${name}_min`]?.[at], columns[`${name}_max`]?.[at]];
    const band = low == null ? '' : ` (${numberText(low)} to ${numberText(high)})`;
    return `${secondsText(columns.time[at])}: ${numberText(columns[name][at])} ${unit}${band}`;
  }

  function update(next) {
    shown = { ...shown, ...next };
    const { columns, level, unit, marks } = shown;
    const nothing = columns.time.map(() => null);
    const [low, high] = [columns[`${name}_min`], columns[`${name}_max`]];
    // Crowded lines read better when they are thin.
    chart.uplot.series[1].width = columns.time.length > 1_000 ? 1.25 : 2;
    chart.setData([columns.time, columns[name], high ?? nothing, low ?? nothing]);
    const figures = summary(columns[name], low ?? columns[name], high ?? columns[name]);
    card.querySelector('.what').textContent =
      level === 'raw' ? 'readings' : `${level} mean${low ? ' and range' : ''}`;
    card
      .querySelector('dl')
      .replaceChildren(
        ...terms(
          figures.map(([label, value]) => [label, value == null ? '–' : `${numberText(value)} ${unit}`]),
        ),
      );
    const points = columns[name].filter((value) => value != null).length;
    place.dataset.points = points;
    place.setAttribute('aria-label', spoken({ title, unit, figures, points, marks }));
    card.querySelector('.key').replaceChildren(...keyOf(marks));
    readout.textContent = pointText(chart.uplot.cursor.idx);
  }

  return { update, end: chart.end };
}

/** The ends of the data and its marks; a threshold far away from both would press the line flat, so it is left out. */
function withMarks(low, high, { anomalies, alerts, thresholds }) {
  const values = [low, high, ...[...anomalies, ...alerts].map(({ value }) => value)].filter(
    (value) => value != null,
  );
  if (values.length === 0) return [low, high];
  const [least, most] = [smallest(values), -smallest(values.map((value) => -value))];
  const reach = (most - least) * 1.5 || Math.abs(most) * 0.1 || 1;
  const near = thresholds
    .map(({ value }) => value)
    .filter((value) => value > least - reach && value < most + reach);
  return [Math.min(least, ...near), Math.max(most, ...near)];
}

/** Lowest, mean and highest; the mean of the shown rows, not weighted by their readings. */
function summary(values, lowest, highest) {
  const known = values.filter((value) => value != null);
  if (known.length === 0)
    return [
      ['lowest', null],
      ['mean', null],
      ['highest', null],
    ];
  const least = smallest(lowest.filter((value) => value != null));
  const most = -smallest(highest.filter((value) => value != null).map((value) => -value));
  return [
    ['lowest', least],
    ['mean', known.reduce((total, value) => total + value, 0) / known.length],
    ['highest', most],
  ];
}

// Math.min(...list) fails on long lists.
const smallest = (list) => list.reduce((low, value) => (value < low ? value : low), Number.POSITIVE_INFINITY);

function spoken({ title, unit, figures, points, marks }) {
  const parts = figures.map(([label, value]) => `${label} ${numberText(value)}`);
  const odd = [
    countText(marks.anomalies.length, 'anomaly', 'anomalies'),
    countText(marks.alerts.length, 'alert'),
    ...marks.thresholds.map(({ label }) => label),
  ];
  return `${title} over time in ${unit}, ${countText(points, 'point')}: ${parts.join(', ')}; ${odd.join(', ')}. All figures are in the table below.`;
}

function keyOf({ anomalies, alerts, thresholds }) {
  const entries = [];
  if (anomalies.length > 0) entries.push(['anomaly', countText(anomalies.length, 'anomaly', 'anomalies')]);
  if (alerts.length > 0) entries.push(['alert', countText(alerts.length, 'alert')]);
  if (thresholds.length > 0) entries.push(['limit', thresholds.map(({ label }) => label).join(', ')]);
  return entries.map(([kind, text]) => element('span', { className: `mark ${kind}` }, text));
}
