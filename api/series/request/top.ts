// The parameter `top`: only the series with the largest values of a figure.
import type { Hypertable } from '../../../db/language/hypertable';
import { ProblemError } from '../../http/problems';
import { kindOf, NUMERIC } from './column-types';
import { type Field, parseFields } from './fields';
import { columnOf, type Figure } from './figures';

/** Which series to show. */
export interface Top {
  /** How many. */
  readonly count: number;
  /** The figure over the whole range that they are ranked by. */
  readonly field: Field & { readonly figure: Figure };
}

/** Says how to write it. */
export const TOP_RULE =
  'a number of series from 1 to 100, ranked by the first field over the whole range, or by another figure: top=5, top=5:max(temperature)';

/**
 * Reads `top`.
 * @param fields the fields of the request; the first one ranks the series when `top` names none.
 * @throws ProblemError (invalid-request, bad-field) that says how to write it.
 */
export function parseTop(table: Hypertable, text: string, fields: readonly Field[]): Top {
  const match = /^\s*(\d{1,3})\s*(?::(.*))?$/s.exec(text);
  const count = Number(match?.[1] ?? 0);
  if (count < 1 || count > 100)
    throw new ProblemError(
      'invalid-request',
      `top is ${JSON.stringify(text.slice(0, 40))}; write ${TOP_RULE}`,
    );
  const [field, ...more] = match?.[2] === undefined ? fields.slice(0, 1) : parseFields(table, match[2]);
  if (field?.figure === undefined || more.length > 0 || !isNumber(table, field.figure))
    throw new ProblemError(
      'bad-field',
      `top ranks series by one figure that is a number, and ${field?.of ?? 'nothing'} is none; write for example top=${count}:max(temperature)`,
    );
  return { count, field: { ...field, figure: field.figure } };
}

function isNumber(table: Hypertable, figure: Figure): boolean {
  const isValue =
    figure.kind === 'first-or-last' || (figure.kind === 'aggregate' && ['min', 'max'].includes(figure.fn));
  return !isValue || NUMERIC.has(kindOf(columnOf(table, figure.column)?.type ?? ''));
}
