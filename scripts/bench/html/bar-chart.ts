// Horizontal bars with their spread as inline SVG. All places are percentages, so text keeps its size at every width.
import { withUnit } from '../format';
import type { Measured, Unit } from '../statistics';
import { type Axis, axisFor } from './axis';
import { html, type Markup } from './markup';

/** One bar. */
export interface Bar {
  readonly label: string;
  /** Class that colours it. */
  readonly kind: 'plain' | 'packed' | 'good' | 'accent';
  readonly value: Measured | number;
}

export interface BarGroup {
  /** Above its bars; absent when there is one group only. */
  readonly title?: string;
  /** At the right of the title, large. */
  readonly result?: string;
  readonly bars: readonly Bar[];
}

export interface BarChart {
  /** For those who do not see it, and as its accessible name. */
  readonly title: string;
  readonly unit: Unit | '%';
  readonly axis: Axis['kind'];
  /** A value that the axis reaches in any case. */
  readonly reach?: number;
  readonly groups: readonly BarGroup[];
}

const [TITLE, LABEL, BAR, GAP, BELOW] = [26, 19, 13, 9, 46] as const;

/** Bars from the median, a thin line from least to most, a thick one over the middle half. */
export function barChart({ title, unit, axis: kind, reach, groups }: BarChart): Markup {
  const bars = groups.flatMap((group) => group.bars);
  const axis = axisFor(kind, [
    ...(reach === undefined ? [] : [reach]),
    ...bars.flatMap(({ value }) =>
      typeof value === 'number' ? [value] : [value.min, value.median, value.max],
    ),
  ]);
  let y = 0;
  const parts: Markup[] = [];
  for (const group of groups) {
    if (group.title !== undefined) {
      parts.push(html`<text class="group" x="0" y="${y + 17}">${group.title}</text>
<text class="result" x="100%" y="${y + 17}" text-anchor="end">${group.result ?? ''}</text>`);
      y += TITLE;
    }
    for (const bar of group.bars) {
      parts.push(barAt(y, bar, unit, axis));
      y += LABEL + BAR + GAP;
    }
    y += GAP;
  }
  return html`<svg class="bars" role="img" aria-label="${title}" width="100%" height="${y + BELOW}">
<g class="grid">${axis.ticks.map((tick) => html`<line x1="${at(axis, tick)}" x2="${at(axis, tick)}" y1="0" y2="${y}"/>`)}</g>
${parts}
<g class="ticks">${axis.ticks.map((tick, nth) => tickAt(y + 16, axis, tick, nth))}</g>
<text class="unit" x="50%" y="${y + 36}" text-anchor="middle">${unit}${kind === 'log' ? ', logarithmic' : ''}</text>
</svg>`;
}

function barAt(y: number, { label, kind, value }: Bar, unit: BarChart['unit'], axis: Axis): Markup {
  const median = typeof value === 'number' ? value : value.median;
  const top = y + LABEL;
  const middle = top + BAR / 2;
  return html`<text class="label" x="0" y="${y + 13}">${label}</text>
<text class="value" x="100%" y="${y + 13}" text-anchor="end">${shown(median, unit)}</text>
<rect class="${kind}" x="0" y="${top}" width="${at(axis, median)}" height="${BAR}" rx="2"/>
${typeof value === 'number' ? undefined : spread(middle, value, axis)}`;
}

const spread = (middle: number, { min, q1, q3, max }: Measured, axis: Axis): Markup =>
  html`<line class="range" x1="${at(axis, min)}" x2="${at(axis, max)}" y1="${middle}" y2="${middle}"/>
<line class="middle" x1="${at(axis, q1)}" x2="${at(axis, q3)}" y1="${middle}" y2="${middle}"/>`;

function tickAt(y: number, axis: Axis, tick: number, nth: number): Markup {
  const last = axis.ticks.length - 1;
  const anchor = nth === 0 ? 'start' : nth === last ? 'end' : 'middle';
  // Many ticks would run into each other on a phone.
  const minor = last > 3 && nth % 2 === 1 ? 'minor' : '';
  return html`<text class="${minor}" x="${at(axis, tick)}" y="${y}" text-anchor="${anchor}">${tick.toLocaleString('en', { maximumSignificantDigits: 3 })}</text>`;
}

const at = (axis: Axis, value: number): string => `${axis.place(value).toFixed(2)}%`;

const shown = (value: number, unit: BarChart['unit']): string =>
  unit === '%' ? `${value.toFixed(1)} %` : withUnit(value, unit);
