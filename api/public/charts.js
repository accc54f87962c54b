// One uPlot chart per quantity: the line, the band between minimum and maximum where there is one, and a summary.
import { dateText, numberText } from './table.js';

const QUANTITIES = [
  { name: 'temperature', title: 'Temperature' },
  { name: 'humidity', title: 'Relative humidity' },
  { name: 'pressure', title: 'Air pressure' },
];
const HEIGHT = 210;
const HOUR = 3600;
// Labels of the time axis: least distance of two marks in seconds, the label, and its second line where a new
// year, month, day, hour, minute or second begins. Day before month in letters reads the same everywhere.
const DAY_BELOW = '\n{D} {MMM}';
const TIME_LABELS = [
  [8760 * HOUR, '{YYYY}', null, null, null, null, null, null, 1],
  [28 * 24 * HOUR, '{MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [24 * HOUR, '{D} {MMM}', '\n{YYYY}', null, null, null, null, null, 1],
  [60, '{HH}:{mm}', DAY_BELOW, null, DAY_BELOW, null, null, null, 1],
  [0, '{HH}:{mm}:{ss}', DAY_BELOW, null, DAY_BELOW, null, null, null, 1],
];

/** Draws the answer into `place`; returns a function that ends the charts. */
export function drawCharts(place, answer, level) {
  const columns = withGaps(columnsOf(answer, level), level);
  const cards = QUANTITIES.map((quantity) =>
    card(quantity, { columns, level, unit: answer.unit[quantity.name] }),
  );
  place.replaceChildren(...cards.map((one) => one.element));
  let plots = cards.map((one) => one.draw());
  const redraw = () => {
    for (const plot of plots) plot.destroy();
    plots = cards.map((one) => one.draw());
  };
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  // A canvas does not follow style sheets.
  scheme.addEventListener('change', redraw);
  const resize = new ResizeObserver(() => {
    for (const [at, plot] of plots.entries()) plot.setSize({ width: cards[at].width(), height: HEIGHT });
  });
  resize.observe(place);
  return () => {
    scheme.removeEventListener('change', redraw);
    resize.disconnect();
    for (const plot of plots) plot.destroy();
    plots = [];
  };
}

function columnsOf({ data }, level) {
  const raw = level === 'raw';
  const columns = { time: data.map((row) => Date.parse(raw ? row.time : row.bucket) / 1000) };
  for (const { name } of QUANTITIES) columns[name] = data.map((row) => row[raw ? name : `avg_${name}`]);
  if (!raw) {
    columns.temperature_min = data.map((row) => row.min_temperature);
    columns.temperature_max = data.map((row) => row.max_temperature);
  }
  return columns;
}

/** Breaks the line where rows are missing; a straight line across an outage would look like data. */
function withGaps(columns, level) {
  const { time } = columns;
  const steps = time.slice(1).map((at, index) => at - time[index]);
  const usual = [...steps].sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  // Months differ in length; raw readings come late now and then.
  const tolerance = { raw: 5, monthly: 1.2 }[level] ?? 1.5;
  const result = Object.fromEntries(Object.keys(columns).map((name) => [name, []]));
  const starts = new Set(steps.flatMap((step, index) => (step > usual * tolerance ? [index + 1] : [])));
  for (const [name, values] of Object.entries(columns)) {
    for (const [at, value] of values.entries()) {
      if (starts.has(at)) result[name].push(name === 'time' ? time[at] - usual / 2 : null);
      result[name].push(value);
    }
  }
  return result;
}

function card({ name, title }, { columns, level, unit }) {
  const lowest = columns[`${name}_min`];
  const highest = columns[`${name}_max`];
  const element = document.createElement('section');
  element.className = `card ${name}`;
  const head = document.createElement('header');
  const heading = document.createElement('h2');
  const shown = level === 'raw' ? '' : `, ${level} mean${lowest ? ' and range' : ''}`;
  heading.textContent = `${title}${shown} (${unit})`;
  const figures = summary(columns[name], lowest ?? columns[name], highest ?? columns[name]);
  head.append(heading, list(figures, unit));
  const canvas = document.createElement('div');
  canvas.setAttribute('role', 'img');
  const spoken = figures.map(([label, value]) => `${label} ${numberText(value)}`).join(', ');
  canvas.setAttribute(
    'aria-label',
    `${title} over time in ${unit}: ${spoken}. All figures are in the table below.`,
  );
  const readout = document.createElement('p');
  readout.className = 'readout';
  readout.setAttribute('aria-hidden', 'true');
  element.append(head, canvas, readout);

  const width = () => Math.max(200, canvas.clientWidth);
  const point = (at) => {
    if (at == null || columns[name][at] == null) return '';
    const band = lowest ? ` (${numberText(lowest[at])} to ${numberText(highest[at])})` : '';
    return `${dateText(new Date(columns.time[at] * 1000).toISOString())}: ${numberText(columns[name][at])} ${unit}${band}`;
  };
  const last = columns.time.length - 1;
  readout.textContent = point(last);
  const draw = () => {
    const options = plotOptions({
      color: colorOf(element, '--series'),
      element,
      width: width(),
      banded: Boolean(lowest),
      dense: columns.time.length > 1_000,
    });
    options.hooks = { setCursor: [(plot) => (readout.textContent = point(plot.cursor.idx ?? last))] };
    const data = [columns.time, columns[name], ...(lowest ? [highest, lowest] : [])];
    return new uPlot(options, data, canvas);
  };
  return { element, draw, width };
}

function plotOptions({ color, element, width, banded, dense }) {
  const soft = colorOf(element, '--soft');
  const grid = { stroke: colorOf(element, '--grid'), width: 1 };
  const edge = { stroke: `${color}66`, width: 1, points: { show: false } };
  const axis = { stroke: soft, grid, ticks: grid, font: '12px system-ui, sans-serif' };
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: 'sensor' }, y: false },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    axes: [
      { ...axis, values: TIME_LABELS },
      { ...axis, size: 56 },
    ],
    series: [{}, { stroke: color, width: dense ? 1 : 2 }, ...(banded ? [edge, edge] : [])],
    bands: banded ? [{ series: [2, 3], fill: `${color}33` }] : [],
  };
}

/** Latest, lowest, mean and highest; the mean of the shown rows, not weighted by their readings. */
function summary(values, lowest, highest) {
  const known = values.filter((value) => value != null);
  if (known.length === 0) return [['latest', null]];
  const least = (list) => list.reduce((low, value) => (value != null && value < low ? value : low), Infinity);
  const most = (list) =>
    list.reduce((high, value) => (value != null && value > high ? value : high), -Infinity);
  return [
    ['latest', known.at(-1)],
    ['lowest', least(lowest)],
    ['mean', known.reduce((total, value) => total + value, 0) / known.length],
    ['highest', most(highest)],
  ];
}

function list(figures, unit) {
  const element = document.createElement('dl');
  for (const [label, value] of figures) {
    const pair = document.createElement('div');
    const term = document.createElement('dt');
    const figure = document.createElement('dd');
    term.textContent = label;
    figure.textContent = value == null ? 'none' : `${numberText(value)} ${unit}`;
    pair.append(term, figure);
    element.append(pair);
  }
  return element;
}

function colorOf(element, name) {
  return getComputedStyle(element).getPropertyValue(name).trim();
}
