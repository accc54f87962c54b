// Draws what stands out onto a chart: anomalies as diamonds, alerts as triangles, thresholds as dashed lines.
import { colorOf } from './plot.js';

const SIZE = 6;

/**
 * A hook for uPlot's `draw`. `marks()` gives `{ anomalies, alerts, thresholds }`:
 * marks have `at` (seconds) and `value`, alerts also `side` (low or high), thresholds `value` and `label`.
 */
export function marksHook(place, marks) {
  return (uplot) => {
    const { ctx, bbox } = uplot;
    const scale = uPlot.pxRatio;
    const { anomalies, alerts, thresholds } = marks();
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    const limit = colorOf(place, '--limit');
    for (const one of thresholds) drawLine(uplot, one, { color: limit, scale });
    const odd = colorOf(place, '--anomaly');
    const alarm = colorOf(place, '--alert');
    const card = colorOf(place, '--card');
    for (const one of anomalies) drawShape(uplot, one, { shape: diamond, color: odd, edge: card, scale });
    for (const one of alerts)
      drawShape(uplot, one, {
        shape: one.side === 'low' ? pointDown : pointUp,
        color: alarm,
        edge: card,
        scale,
      });
    ctx.restore();
  };
}

function drawLine(uplot, { value, label }, { color, scale }) {
  const { ctx, bbox } = uplot;
  const y = Math.round(uplot.valToPos(value, 'y', true));
  ctx.strokeStyle = color;
  ctx.fillStyle = color;
  // Whole pixels, or the line would be a blur.
  ctx.lineWidth = Math.max(2, Math.round(scale) * 2 - 2);
  ctx.setLineDash([6 * scale, 4 * scale]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  // At the old end: the newest readings are what one looks at first.
  ctx.textAlign = 'left';
  // Below the line where there is no room above it.
  const above = y - bbox.top > 18 * scale;
  ctx.textBaseline = above ? 'bottom' : 'top';
  ctx.fillText(label, bbox.left + 4 * scale, y + (above ? -3 : 3) * scale);
}

function drawShape(uplot, { at, value }, { shape, color, edge, scale }) {
  if (value == null) return;
  const { ctx } = uplot;
  const x = uplot.valToPos(at, 'x', true);
  const y = uplot.valToPos(value, 'y', true);
  ctx.beginPath();
  for (const [right, down] of shape) ctx.lineTo(x + right * SIZE * scale, y + down * SIZE * scale);
  ctx.closePath();
  // An edge in the colour of the card keeps marks apart from the line and from each other.
  ctx.lineWidth = 2 * scale;
  ctx.strokeStyle = edge;
  ctx.stroke();
  ctx.fillStyle = color;
  ctx.fill();
}

const diamond = [
  [0, -1.1],
  [1.1, 0],
  [0, 1.1],
  [-1.1, 0],
];
// Points lie on the value: a high one points up to it from below, so that it never hides behind the upper edge.
const pointUp = [
  [0, 0],
  [1, 1.7],
  [-1, 1.7],
];
const pointDown = [
  [0, 0],
  [1, -1.7],
  [-1, -1.7],
];
