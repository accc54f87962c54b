// What the answers about one numeric column have in common.
import { queryRows } from '../../database/query';
import type { Statement } from '../../database/statement';
import { checkSize } from '../../http/pages';
import { timeText } from '../../http/time';
import type { RouteParts } from '../../parts';
import { keptSince } from '../plan/planner';
import type { AnswerRow } from '../queries/fill';
import type { ColumnRequest } from '../request/column-request';
import { shownField } from '../request/fields';

/**
 * Runs a query about the column and returns its rows with what every such answer says.
 * @throws ProblemError (too-many-rows).
 */
export async function columnAnswer(
  { database, config }: Pick<RouteParts, 'database' | 'config'>,
  { table, field, by, range, now }: ColumnRequest,
  { sql, values }: Statement,
) {
  const data = await queryRows<AnswerRow>(database.reads, sql, values);
  checkSize(data.length, config.maxRows, 'a shorter period, or fewer series with where');
  return {
    table: table.name,
    source: table.name,
    from: timeText(range.from),
    to: timeText(range.to),
    kept_since: keptSince({ relation: table.hypertable }, range, now),
    field: shownField(field),
    by,
    count: data.length,
    data,
  };
}
