// A chart of several lines over the same times, with a legend that shows and hides them.
import { element } from '../element.js';
import { countText, figureText, secondsText } from '../text.js';
import { color, lonely, makePlot, roomFor } from './plot.js';

const COLORS = 8;

/**
 * Draws into `place`, with the point under the cursor in `readout` and the legend in `key`. Returns `update`, which takes
 * `{ time, lines: [{ name, values }], title, unit, range }` with times in seconds.
 */
export function linesChart(place, { readout, key }) {
  let shown = { lines: [] };
  const { uplot, update } = makePlot(place, {
    yRange: roomFor,
    yText: figureText,
    series: [{}],
    readout,
    pointText,
  });

  function pointText(at) {
    const { time, lines, unit } = shown;
    const values = lines
      .filter((line, index) => uplot.series[index + 1].show && line.values[at] != null)
      .map((line) => `${lines.length > 1 ? `${line.name} ` : ''}${figureText(line.values[at])} ${unit}`);
    return `${secondsText(time[at])}: ${values.join(' · ')}`;
  }

  function replaceLines(lines) {
    while (uplot.series.length > 1) uplot.delSeries(1);
    for (const at of lines.keys()) uplot.addSeries(seriesOf(at));
    key.replaceChildren(...lines.map(({ name }, at) => element('li', {}, switchOf(name, at))));
  }

  function switchOf(name, at) {
    const className = at < COLORS ? 'line' : 'line dashed';
    const button = element('button', { type: 'button', 'aria-pressed': 'true', className }, name);
    button.style.setProperty('--stroke', `var(--c${at % COLORS})`);
    button.addEventListener('click', () => {
      const show = button.ariaPressed === 'false';
      button.ariaPressed = String(show);
      uplot.setSeries(at + 1, { show });
    });
    return button;
  }

  return (next) => {
    const { time, lines, title, range } = next;
    const names = (list) => JSON.stringify(list.map(({ name }) => name));
    const isSame = names(lines) === names(shown.lines);
    shown = next;
    // Lines that the reader has hidden stay hidden when only their values are new.
    if (!isSame) replaceLines(lines);
    place.dataset.lines = lines.length;
    update({
      data: [time, ...lines.map(({ values }) => values)],
      range,
      points: lines.flatMap(({ values }) => values.filter((value) => value != null)).length,
      label: `${title}, ${countText(lines.length, 'line')} over time. All figures are in the table below.`,
    });
  };
}

function seriesOf(at) {
  const stroke = color(`--c${at % COLORS}`);
  return {
    stroke,
    width: 2,
    points: { filter: lonely, fill: stroke, size: 5 },
    ...(at >= COLORS && { dash: [6, 4] }),
  };
}
