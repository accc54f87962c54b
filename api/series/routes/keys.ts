// The different values of a column: which series there are.
import { query } from '../../database/query';
import { formatOf, inAllFormats, sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { ProblemError, problemResponses } from '../../http/problems';
import type { RouteParts } from '../../parts';
import type { Row } from '../queries/fill';
import { keysQuery } from '../queries/keys';
import { parseKeys } from '../request/fields';
import { parseValue } from '../request/filters';
import { checkSize, tableNamed } from './context';
import { KeysAnswer, keysParameters, tableParams } from './schemas';

/** Adds `GET /api/series/:table/keys`. */
export function keyListRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const schema = {
    tags: ['series'],
    summary: 'The different values of a column',
    operationId: 'series-keys',
    params: tableParams(parts.tables.keys()),
    querystring: keysParameters(maxRows),
    response: { 200: inAllFormats(KeysAnswer, 'Values in order'), ...problemResponses },
  };
  app.get('/api/series/:table/keys', { schema }, async (request, reply) => {
    const { hypertable, name } = tableNamed(parts, request.params.table);
    const { by, limit, after } = request.query;
    const [key, ...more] = parseKeys(hypertable, by);
    if (key === undefined || more.length > 0) throw new ProblemError('bad-field', 'by is one column here');
    const start = after === undefined ? undefined : parseValue(hypertable, key, after);
    const { sql, values } = keysQuery(hypertable, key, {
      ...(start && { after: { column: key, operator: '>', values: [start.value], cast: start.cast } }),
      limit: (limit ?? maxRows) + 1,
    });
    const found = await query<Row>(parts.database.reader, sql, values);
    if (limit === undefined) checkSize(found.length, maxRows, 'pages with limit');
    const data = found.slice(0, limit ?? maxRows);
    const next = found.length > data.length ? String(data.at(-1)?.[key]) : null;
    void reply.header('cache-control', 'no-cache');
    // The next page is asked for with `after`, not with a cursor, so that no link can be given.
    if (formatOf(request) !== 'json') return sendRows(request, reply, [key], { data });
    return reply.header('vary', 'accept').send({ table: name, by: key, count: data.length, next, data });
  });
}
