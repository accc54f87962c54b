// A description of the values of a column over a range.
import { Type } from '@fastify/type-provider-typebox';
import { tableNamed } from '../../database/tables';
import { sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import type { RouteParts } from '../../parts';
import { SUMMARY, summaryQuery } from '../queries/summary';
import { parseColumnRequest } from '../request/column-request';
import { answerColumns } from '../request/fields';
import { columnAnswer } from './column-answer';
import { columnMembers, columnQuery, Data, queryOf, tableRoute } from './table-route';

const SummaryAnswer = Type.Object({
  ...columnMembers,
  data: Data(
    'Members: the columns of by, count of values, missing (rows without one), mean, sd, min, p05, p25, p50, p75, p95, p99, max, first and last (times of the first and the last row)',
  ),
});

/** Adds `GET /api/series/:table/summary`. */
export function summaryRoute(app: ApiApp, parts: RouteParts): void {
  const options = tableRoute(parts, {
    operationId: 'series-summary',
    summary: 'Count, mean, deviation, extremes and percentiles of a column',
    querystring: queryOf(columnQuery),
    answer: SummaryAnswer,
    rows: 'One row per series',
  });
  app.get('/api/series/:table/summary', options, async (request, reply) => {
    const table = tableNamed(parts.tables, request.params.table);
    const asked = parseColumnRequest(table, request.query, parts.config.maxRows);
    const columns = answerColumns(...asked.by, ...SUMMARY);
    return sendRows(request, reply, columns, await columnAnswer(parts, asked, summaryQuery(asked)));
  });
}
