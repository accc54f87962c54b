// A chart of figures that grow, as lines of SVG: sizes from left to right at equal distances, figures from zero upwards.
import { medianOf, withUnit } from '../report/format';
import type { GrowthChart } from '../report/report';
import { html, type Markup } from './markup';

const WIDTH = 640;
const HEIGHT = 220;
const LEFT = 90;
const RIGHT = 60;
const TOP = 14;
const BOTTOM = 30;
/** The style sheet of the platform has eight colours for lines. */
const COLOURS = 8;

/** The lines with a mark at each figure. The table beside it has the same figures. */
export function drawChart({ title, grows, at, lines }: GrowthChart): Markup {
  const unit = lines[0]?.figures[0]?.unit ?? 'ms';
  // Not zero, by which nothing can be divided.
  const greatest = Math.max(
    Number.MIN_VALUE,
    ...lines.flatMap(({ figures }) => figures.map(({ median }) => median)),
  );
  const x = (step: number): string =>
    (LEFT + (step * (WIDTH - LEFT - RIGHT)) / Math.max(1, at.length - 1)).toFixed(1);
  const y = (value: number): string =>
    (HEIGHT - BOTTOM - (value / greatest) * (HEIGHT - TOP - BOTTOM)).toFixed(1);
  const colour = (line: number): string => `var(--c${line % COLOURS})`;
  const level = (value: number): Markup =>
    html`<line class="level" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y(value)}" y2="${y(value)}"></line><text x="${LEFT - 8}" y="${y(value)}" dy="4" text-anchor="end">${withUnit(value, unit)}</text>`;
  return html`<figure class="card chart"><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${title} over ${grows}">
${[0, greatest / 2, greatest].map(level)}
${at.map((size, step) => html`<text x="${x(step)}" y="${HEIGHT - 8}" text-anchor="middle">${size}</text>`)}
${lines.map(
  ({ title: name, figures }, line) =>
    html`<polyline points="${figures.map(({ median }, step) => `${x(step)},${y(median)}`).join(' ')}" stroke="${colour(line)}"></polyline>${figures.map(
      (figure, step) =>
        html`<circle cx="${x(step)}" cy="${y(figure.median)}" r="4" fill="${colour(line)}"><title>${name}: ${medianOf(figure)}</title></circle>`,
    )}`,
)}
</svg><figcaption>${title} over ${grows}${lines.map(
    ({ title: name }, line) => html` · <span style="color:${colour(line)}">${name}</span>`,
  )}</figcaption></figure>`;
}
