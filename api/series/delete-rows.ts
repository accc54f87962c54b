// Turns what a person asks to delete into a deletion: the rows of a range that meet the conditions.
import type { Deletion } from '../../db/upkeep/delete-rows';
import { statement } from '../database/statement';
import type { SeriesTable } from '../database/tables';
import { parseRange } from '../http/range';
import { instantOf, timeText } from '../http/time';
import { conditions } from './queries/rows-and-buckets';
import { parseFilters } from './request/filters';
import type { Range } from './request/ranges';

/** Which rows to delete, as people write it. */
export interface AskedDeletion {
  readonly from: string;
  readonly to: string;
  readonly where?: readonly string[];
  readonly dryRun: boolean;
}

/**
 * Reads it.
 * @throws ProblemError (bad-time, bad-range, bad-filter).
 */
export function deletionOf(
  { hypertable }: Pick<SeriesTable, 'hypertable'>,
  { from, to, where, dryRun }: AskedDeletion,
): { readonly deletion: Deletion; readonly range: Range } {
  const asked = parseRange({ from, to }, '1d');
  const range = {
    from: instantOf('time' in asked.from ? asked.from.time : from),
    to: instantOf(asked.to ?? to),
  };
  const filters = parseFilters(hypertable, where);
  const { sql, values } = statement((bind) => conditions(hypertable, range, filters, bind).join(' AND '));
  const { schema, name, time } = hypertable;
  return {
    range,
    deletion: {
      table: { schema, name, time },
      from: timeText(range.from),
      to: timeText(range.to),
      condition: sql,
      values,
      dryRun,
    },
  };
}
