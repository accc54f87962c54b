// One uPlot chart that follows its place's width and the colour scheme, and is made once: later data only replaces data.

const FONT = '12px system-ui, sans-serif';
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
const NARROWEST = 200;

/**
 * Draws an empty chart into `place`; `options` are uPlot's without size, axes and scales, and
 * - `height`, `yText(value)` for the labels, `xRange()` and `yRange(lowest, highest)` for the scales' ends,
 * - `onSelect(from, to)` (seconds) when a range was dragged, `onReset()` on a double click,
 * - `sync`: charts of the same name show their cursors together.
 * Returns `{ setData, redraw, end, uplot }`.
 */
export function makePlot(place, { height, yText, xRange, yRange, onSelect, onReset, sync, ...options }) {
  const color = (name) => () => colorOf(place, name);
  const grid = { stroke: color('--grid'), width: 1 };
  const axis = { stroke: color('--soft'), grid, ticks: grid, font: FONT };
  const width = () => Math.max(NARROWEST, place.clientWidth);
  const select = (uplot) => {
    const { left, width: wide } = uplot.select;
    if (wide > 0) onSelect(uplot.posToVal(left, 'x'), uplot.posToVal(left + wide, 'x'));
    uplot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  const uplot = new uPlot(
    {
      ...options,
      width: width(),
      height,
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: {
        y: false,
        drag: { x: Boolean(onSelect), y: false, setScale: false, dist: 5 },
        bind: { dblclick: () => () => onReset?.() },
        // A drag belongs to one chart; only the line of the cursor is shared.
        ...(sync
          ? { sync: { key: sync, filters: { pub: (type) => type === 'mousemove' || type === 'mouseleave' } } }
          : {}),
      },
      scales: { x: { range: () => xRange() }, y: { range: (_plot, low, high) => yRange(low, high) } },
      axes: [
        { ...axis, values: TIME_LABELS, space: 64 },
        { ...axis, size: 58, values: (_plot, marks) => marks.map(yText) },
      ],
      hooks: { ...options.hooks, ...(onSelect ? { setSelect: [select] } : {}) },
    },
    options.series.map(() => []),
    place,
  );

  const redraw = () => uplot.redraw(false);
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  // A canvas does not follow style sheets.
  scheme.addEventListener('change', redraw);
  const resize = new ResizeObserver(() => {
    if (place.clientWidth > 0 && width() !== uplot.width) uplot.setSize({ width: width(), height });
  });
  resize.observe(place);
  return {
    uplot,
    redraw,
    setData: (columns) => uplot.setData(columns),
    end() {
      scheme.removeEventListener('change', redraw);
      resize.disconnect();
      uplot.destroy();
    },
  };
}

/** A colour of the theme, as it is now at an element. */
export function colorOf(place, name) {
  return getComputedStyle(place).getPropertyValue(name).trim();
}

/** The ends of a scale that holds the values with some air, also when there is one value or none. */
export function roomFor(low, high) {
  if (low == null || high == null) return [0, 1];
  return uPlot.rangeNum(low, high, 0.1, true);
}

/** Points for values that have no neighbour, which a line alone would not show. For `points.filter`. */
export function lonely(uplot, at, show) {
  if (show) return null;
  const values = uplot.data[at];
  const alone = [];
  for (let index = 0; index < values.length; index += 1) {
    if (values[index] != null && values[index - 1] == null && values[index + 1] == null) alone.push(index);
  }
  return alone.length > 0 ? alone : null;
}
