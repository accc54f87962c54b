// A measured figure in a table: the median, and below it the middle half and the range.
import { medianOf, number } from '../format';
import type { Measured } from '../statistics';
import { html, type Markup } from './markup';

/** Three lines of a cell. */
export const figure = (measured: Measured): Markup => {
  const { q1, q3, min, max } = measured;
  return html`${medianOf(measured)}<small>${number(q1)}–${number(q3)}</small><small>(${number(min)}–${number(max)})</small>`;
};

/** What the small lines of a table's cells are. */
export const SMALL_LINES = 'below each median: middle half, (range)';
