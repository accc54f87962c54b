// Bars over time in two kinds, e.g. chunks that are compressed and chunks that are not.
import { colorOf, makePlot } from './plot.js';

const HEIGHT = 220;

/**
 * Draws into `place`; returns `{ update, end }`. `kinds` are names of two colours of the theme, `yText(value)` labels sizes,
 * `onPoint(at)` is called with the index below the cursor or null.
 * `update` takes `{ time, values: [list, list], range }`; a value is null where the bar is of the other kind.
 */
export function barsChart(place, { kinds, yText, onPoint }) {
  let range = { from: 0, to: 1 };
  const chart = makePlot(place, {
    height: HEIGHT,
    xRange: () => [range.from, range.to],
    yRange: (_low, high) => [0, (high || 1) * 1.08],
    yText,
    series: [{}, ...kinds.map((kind) => barsOf(place, kind))],
    hooks: { setCursor: [({ cursor }) => onPoint(cursor.idx ?? null)] },
  });
  return {
    update({ time, values, range: next }) {
      range = next;
      chart.setData([time, ...values]);
      place.dataset.points = time.length;
    },
    end: chart.end,
  };
}

function barsOf(place, kind) {
  const color = () => colorOf(place, kind);
  return {
    stroke: color,
    fill: color,
    width: 0,
    points: { show: false },
    paths: uPlot.paths.bars({ size: [0.82, 48], gap: 0 }),
  };
}
