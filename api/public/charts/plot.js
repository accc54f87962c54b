// One uPlot chart in its place on the page. It is made once, and follows the width of the place and the colour scheme.

const FONT = '12px system-ui, sans-serif';
const HOUR = 3600;
// Labels of the time axis: the least seconds between two marks, the label, and a second line where a new year, month,
// day, hour, minute or second begins. The month is in letters, so that nobody takes it for the day.
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
 * Makes an empty chart that fills `place`. The options are uPlot's `series` and `bands`, and
 * - `draw(uplot)` draws on top of them;
 * - `yText(value)` labels the y axis, and `yRange(lowest, highest)` gives its ends;
 * - `pointText(index)` describes the point under the cursor, in the element `readout`;
 * - `onSelect(from, to)` is called with seconds when a range was dragged, `onReset()` after a double click;
 * - `sync`: charts with the same name show their cursors together.
 * Returns `{ uplot, update }`. `update` takes `{ data, range, points, label }`: uPlot's columns, the ends of the time axis
 * in seconds as `{ from, to }`, the number of points, and the chart in words.
 */
export function makePlot(
  place,
  { draw, yText, yRange, readout, pointText, onSelect, onReset, sync, ...options },
) {
  let range = { from: 0, to: 1 };
  const size = () => ({ width: Math.max(NARROWEST, place.clientWidth), height: place.clientHeight });
  const grid = { stroke: color('--grid'), width: 1 };
  const axis = { stroke: color('--soft'), grid, ticks: grid, font: FONT };
  const describePoint = ({ data: [times], cursor: { idx } }) => {
    readout.textContent = times[idx] === undefined ? '' : pointText(idx);
  };
  const passSelectionOn = (plot) => {
    const { left, width } = plot.select;
    if (width > 0) onSelect(plot.posToVal(left, 'x'), plot.posToVal(left + width, 'x'));
    plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
  };
  const uplot = new uPlot(
    {
      ...options,
      ...size(),
      legend: { show: false },
      tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
      cursor: {
        y: false,
        drag: { x: onSelect !== undefined, y: false, setScale: false, dist: 5 },
        bind: { dblclick: () => () => onReset?.() },
        // Charts share the line of the cursor, but a drag belongs to one chart.
        ...(sync && { sync: { key: sync, filters: { pub: (type) => /^mouse(move|leave)$/.test(type) } } }),
      },
      scales: {
        x: { range: () => [range.from, range.to] },
        y: { range: (_plot, low, high) => yRange(low, high) },
      },
      axes: [
        { ...axis, values: TIME_LABELS, space: 64 },
        { ...axis, size: 58, values: (_plot, marks) => marks.map(yText) },
      ],
      hooks: {
        setCursor: [describePoint],
        ...(draw && { draw: [draw] }),
        ...(onSelect && { setSelect: [passSelectionOn] }),
      },
    },
    options.series.map(() => []),
    place,
  );

  // A canvas does not follow style sheets by itself.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => uplot.redraw(false));
  new ResizeObserver(() => {
    if (place.clientWidth > 0 && size().width !== uplot.width) uplot.setSize(size());
  }).observe(place);
  return {
    uplot,
    update({ data, range: shown, points, label }) {
      range = shown;
      uplot.setData(data);
      place.dataset.points = points;
      place.ariaLabel = label;
      describePoint(uplot);
    },
  };
}

/** A colour of the style sheet, such as `--grid`, in the form that uPlot's options take. */
export function color(name) {
  return ({ ctx }) => {
    // The canvas has no text of its own, so its text colour can tell what the name stands for in the scheme that is shown.
    ctx.canvas.style.color = `var(${name})`;
    return getComputedStyle(ctx.canvas).color;
  };
}

/** The ends of a scale with some space around the values, also when there is one value or none. */
export function roomFor(low, high) {
  if (low == null || high == null) return [0, 1];
  return uPlot.rangeNum(low, high, 0.1, true);
}

/** The points that have no neighbour, which a line alone would not show. For `points.filter` of uPlot. */
export function lonely(uplot, at, show) {
  if (show) return null;
  const values = uplot.data[at];
  const alone = [...values.keys()].filter(
    (index) => values[index] != null && values[index - 1] == null && values[index + 1] == null,
  );
  return alone.length > 0 ? alone : null;
}
