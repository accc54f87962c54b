// The newest row of each series.
import { Type } from '@fastify/type-provider-typebox';
import { tableNamed } from '../../database/tables';
import { sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { checkSize } from '../../http/pages';
import { ProblemError } from '../../http/problems';
import type { RouteParts } from '../../parts';
import { latestRows } from '../queries/latest';
import { answerColumns, shownField } from '../request/fields';
import { parseRequest } from '../request/parse-request';
import { Count, Data, FieldShown, Keys, queryOf, selectionQuery, source, tableRoute } from './table-route';

const LatestQuery = queryOf({
  field: Type.Optional(
    Type.String({ maxLength: 2_000, description: 'Columns, separated by commas. Default: all' }),
  ),
  ...selectionQuery,
});

const LatestAnswer = Type.Object({
  ...source,
  fields: Type.Array(FieldShown),
  by: Keys,
  count: Count,
  data: Data('Members: time, the columns of by, the fields. In order of the columns of by'),
});

/** Adds `GET /api/series/:table/latest`. */
export function latestRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const options = tableRoute(parts, {
    operationId: 'series-latest',
    summary: 'The newest row of each series',
    description: 'Without `by`: the newest row of the table. Fast for one column that an index starts with.',
    querystring: LatestQuery,
    answer: LatestAnswer,
    rows: 'Rows in order of the columns of by',
  });
  app.get('/api/series/:table/latest', options, async (request, reply) => {
    const table = tableNamed(parts.tables, request.params.table);
    const { fields, by, filters } = parseRequest(table.hypertable, request.query);
    if (fields.some(({ figure }) => figure !== undefined))
      throw new ProblemError(
        'bad-field',
        'The newest row has no figures: ask for columns as they are, for example field=temperature',
      );
    const columns = answerColumns('time', ...by, ...fields.map(({ name }) => name));
    const wanted = { engine: await parts.database.engine(), by, filters, fields, limit: maxRows + 1 };
    const data = await latestRows(parts.database.reads, table.hypertable, wanted);
    checkSize(data.length, maxRows, 'fewer series with where');
    return sendRows(request, reply, columns, {
      table: table.name,
      source: table.name,
      fields: fields.map(shownField),
      by,
      count: data.length,
      data,
    });
  });
}
