// The newest row of each series.
import { query } from '../../database/query';
import { inAllFormats, sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { ProblemError, problemResponses } from '../../http/problems';
import type { RouteParts } from '../../parts';
import type { Row } from '../queries/fill';
import { latestQuery } from '../queries/latest';
import { answerColumns } from '../request/fields';
import { parseRequest } from '../request/parse-request';
import { checkSize, shownField, tableNamed } from './context';
import { LatestAnswer, latestParameters, tableParams } from './schemas';

/** Adds `GET /api/series/:table/latest`. */
export function latestRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const schema = {
    tags: ['series'],
    summary: 'The newest row of each series',
    operationId: 'series-latest',
    description: 'Without `by`: the newest row of the table. Fast for one column that an index starts with.',
    params: tableParams(parts.tables.keys()),
    querystring: latestParameters,
    response: { 200: inAllFormats(LatestAnswer, 'Rows in order of the keys'), ...problemResponses },
  };
  app.get('/api/series/:table/latest', { schema }, async (request, reply) => {
    const table = tableNamed(parts, request.params.table);
    const { field, by: keys, where } = request.query;
    const { fields, by, filters } = parseRequest(table.hypertable, {
      ...(field === undefined ? {} : { field }),
      ...(keys === undefined ? {} : { by: keys }),
      ...(where === undefined ? {} : { where }),
    });
    if (fields.some(({ figure }) => figure !== undefined))
      throw new ProblemError('bad-field', 'The newest row has columns as they are, as field=temperature');
    const columns = answerColumns('time', ...by, ...fields.map(({ name }) => name));
    const { sql, values } = latestQuery(table, { by, filters, fields, limit: maxRows + 1 });
    const data = await query<Row>(parts.database.reader, sql, values);
    checkSize(data.length, maxRows, 'fewer series with where');
    void reply.header('cache-control', 'no-cache');
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
