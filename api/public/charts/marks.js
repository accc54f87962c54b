// Draws what stands out onto a chart: anomalies as diamonds, alerts as triangles, thresholds as dashed lines.
import { color } from './plot.js';

// Shapes in pixels around the value. The tip of a triangle is on the value: a high value is pointed at from below, so that
// the upper edge of the chart hides nothing.
const DIAMOND = new Path2D('M0 -6.6 L6.6 0 L0 6.6 L-6.6 0 Z');
const POINT_UP = new Path2D('M0 0 L6 10.2 L-6 10.2 Z');
const POINT_DOWN = new Path2D('M0 0 L6 -10.2 L-6 -10.2 Z');

/**
 * A `draw` function for `makePlot`. `marks()` returns `{ anomalies, alerts, thresholds }`: anomalies and alerts have `at`
 * (seconds) and `value`, alerts also `side` (low or high), and thresholds have `value` and `label`.
 */
export function drawMarks(marks) {
  return (uplot) => {
    const { ctx, bbox } = uplot;
    const { anomalies, alerts, thresholds } = marks();
    ctx.save();
    ctx.beginPath();
    ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    ctx.clip();
    ctx.strokeStyle = color('--limit')(uplot);
    ctx.fillStyle = ctx.strokeStyle;
    for (const threshold of thresholds) drawLine(uplot, threshold);
    // An edge in the colour of the card keeps marks apart from the line and from each other.
    ctx.strokeStyle = color('--card')(uplot);
    ctx.lineWidth = 2;
    ctx.fillStyle = color('--anomaly')(uplot);
    for (const anomaly of anomalies) drawShape(uplot, anomaly, DIAMOND);
    ctx.fillStyle = color('--alert')(uplot);
    for (const alert of alerts) drawShape(uplot, alert, alert.side === 'low' ? POINT_DOWN : POINT_UP);
    ctx.restore();
  };
}

function drawLine(uplot, { value, label }) {
  const { ctx, bbox } = uplot;
  const scale = uPlot.pxRatio;
  const y = Math.round(uplot.valToPos(value, 'y', true));
  // A width of whole pixels keeps the line sharp.
  ctx.lineWidth = Math.max(2, Math.round(scale) * 2 - 2);
  ctx.setLineDash([6 * scale, 4 * scale]);
  ctx.beginPath();
  ctx.moveTo(bbox.left, y);
  ctx.lineTo(bbox.left + bbox.width, y);
  ctx.stroke();
  ctx.setLineDash([]);
  ctx.font = `${11 * scale}px system-ui, sans-serif`;
  // The label is at the oldest readings, as the newest ones are looked at first; it is below the line when the space above is too small.
  ctx.textAlign = 'left';
  const above = y - bbox.top > 18 * scale;
  ctx.textBaseline = above ? 'bottom' : 'top';
  ctx.fillText(label, bbox.left + 4 * scale, y + (above ? -3 : 3) * scale);
}

function drawShape(uplot, { at, value }, shape) {
  if (value == null) return;
  const { ctx } = uplot;
  ctx.save();
  ctx.translate(uplot.valToPos(at, 'x', true), uplot.valToPos(value, 'y', true));
  ctx.scale(uPlot.pxRatio, uPlot.pxRatio);
  ctx.stroke(shape);
  ctx.fill(shape);
  ctx.restore();
}
