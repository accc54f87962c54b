// The different values of a column: which series there are.
import { Type } from '@fastify/type-provider-typebox';
import { query } from '../../database/query';
import { tableNamed } from '../../database/tables';
import { NextAfter } from '../../http/common-schemas';
import { formatOf, sendJson, sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { checkSize } from '../../http/pages';
import { ProblemError } from '../../http/problems';
import type { RouteParts } from '../../parts';
import type { AnswerRow } from '../queries/fill';
import { keysQuery } from '../queries/keys';
import { parseKeys } from '../request/fields';
import { parseValue } from '../request/filters';
import { Count, Data, queryOf, tableRoute } from './table-route';

const listQuery = (maxRows: number) =>
  queryOf({
    by: Type.String({ maxLength: 200, description: 'One column' }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: maxRows, description: 'Values of a page' })),
    after: Type.Optional(
      Type.String({ maxLength: 1_000, description: 'Only greater values; `next` of the page before' }),
    ),
  });

const KeysAnswer = Type.Object({
  table: Type.String(),
  by: Type.String(),
  count: Count,
  next: NextAfter,
  data: Data('One member: the column. In order of its values, without NULL'),
});

/** Adds `GET /api/series/:table/keys`. */
export function keyListRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const options = tableRoute(parts, {
    operationId: 'series-keys',
    summary: 'The different values of a column',
    querystring: listQuery(maxRows),
    answer: KeysAnswer,
    rows: 'Values in order',
  });
  app.get('/api/series/:table/keys', options, async (request, reply) => {
    const { hypertable, name } = tableNamed(parts.tables, request.params.table);
    const { by, limit, after } = request.query;
    const [key, ...more] = parseKeys(hypertable, by);
    if (key === undefined || more.length > 0) throw new ProblemError('bad-field', 'Give one column as by');
    const start = after === undefined ? undefined : parseValue(hypertable, key, after);
    const { sql, values } = keysQuery(hypertable, key, {
      engine: await parts.database.engine(),
      ...(start && { after: { column: key, operator: '>', values: [start.value], cast: start.cast } }),
      limit: (limit ?? maxRows) + 1,
    });
    const found = await query<AnswerRow>(parts.database.reads, sql, values);
    if (limit === undefined) checkSize(found.length, maxRows, 'pages with limit');
    const data = found.slice(0, limit ?? maxRows);
    const next = found.length > data.length ? String(data.at(-1)?.[key]) : null;
    // The next page is asked for with `after` and not with a cursor, so there is no `Link` header.
    if (formatOf(request) !== 'json') return sendRows(request, reply, [key], { data });
    return sendJson(request, reply, { table: name, by: key, count: data.length, next, data }, 'data');
  });
}
