// A chart of several lines over the same times, with a legend that switches them.
import { element } from '../element.js';
import { countText, figureText, secondsText } from '../text.js';
import { colorOf, lonely, makePlot, roomFor } from './plot.js';

const COLORS = 8;
const HEIGHT = 340;

/**
 * Draws into `place`; `parts` are the elements `readout` and `key`. Returns `{ update, end }`. `update` takes
 * `{ time, lines: [{ name, values }], title, unit, range }`, times in seconds. Other lines than before make a new chart.
 */
export function linesChart(place, { readout, key, onSelect }) {
  let chart = null;
  let shown = { time: [], lines: [], unit: '', title: '', range: { from: 0, to: 1 } };

  function make() {
    chart?.end();
    const { lines } = shown;
    chart = makePlot(place, {
      height: HEIGHT,
      onSelect,
      xRange: () => [shown.range.from, shown.range.to],
      yRange: roomFor,
      yText: figureText,
      series: [{}, ...lines.map((_line, at) => seriesOf(place, at))],
      hooks: { setCursor: [({ cursor }) => (readout.textContent = pointText(cursor.idx))] },
    });
    key.replaceChildren(...lines.map(({ name }, at) => keyEntry(name, at)));
  }

  function keyEntry(name, at) {
    const button = element(
      'button',
      {
        type: 'button',
        'aria-pressed': 'true',
        className: `line c${at % COLORS}${at >= COLORS ? ' dashed' : ''}`,
      },
      name,
    );
    button.addEventListener('click', () => {
      const show = button.getAttribute('aria-pressed') === 'false';
      button.setAttribute('aria-pressed', String(show));
      chart.uplot.setSeries(at + 1, { show });
    });
    return element('li', {}, button);
  }

  function pointText(at) {
    if (at == null || shown.time[at] === undefined) return '';
    const values = shown.lines
      .filter((_line, index) => chart.uplot.series[index + 1].show && shown.lines[index].values[at] != null)
      .map(
        ({ name, values }) =>
          `${shown.lines.length > 1 ? `${name} ` : ''}${figureText(values[at])} ${shown.unit}`,
      );
    return `${secondsText(shown.time[at])}: ${values.join(' · ')}`;
  }

  return {
    update(next) {
      const names = (lines) => JSON.stringify(lines.map(({ name }) => name));
      const same = chart !== null && names(next.lines) === names(shown.lines);
      shown = next;
      if (!same) make();
      chart.setData([shown.time, ...shown.lines.map(({ values }) => values)]);
      place.dataset.points = shown.lines.reduce(
        (sum, { values }) => sum + values.filter((one) => one != null).length,
        0,
      );
      place.dataset.lines = shown.lines.length;
      place.setAttribute(
        'aria-label',
        `${shown.title}, ${countText(shown.lines.length, 'line')} over time. All figures are in the table below.`,
      );
    },
    end: () => chart?.end(),
  };
}

function seriesOf(place, at) {
  const stroke = () => colorOf(place, `--c${at % COLORS}`);
  return {
    stroke,
    width: 2,
    points: { filter: lonely, fill: stroke, size: 5 },
    ...(at >= COLORS ? { dash: [6, 4] } : {}),
  };
}
