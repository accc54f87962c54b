// Values that are far from those before them.
import { Type } from '@fastify/type-provider-typebox';
import { ident } from '../../../db/core/sql';
import { tableNamed } from '../../database/tables';
import { sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import type { RouteParts } from '../../parts';
import { warmUpStart } from '../queries/warm-up';
import { anomalyQuery, usable } from '../queries/windows';
import { parseColumnRequest } from '../request/column-request';
import { answerColumns } from '../request/fields';
import { columnAnswer } from './column-answer';
import { columnMembers, columnQuery, Data, queryOf, tableRoute } from './table-route';

const DEFAULT_WINDOW = 100;
const DEFAULT_THRESHOLD = 2;

const AnomalyQuery = queryOf({
  ...columnQuery,
  window: Type.Optional(
    Type.Integer({
      minimum: 10,
      maximum: 10_000,
      default: DEFAULT_WINDOW,
      description: 'How many earlier values a value is compared with',
    }),
  ),
  threshold: Type.Optional(
    Type.Number({
      minimum: 0,
      maximum: 1_000,
      default: DEFAULT_THRESHOLD,
      description: 'How many standard deviations from the mean a value must be, at least',
    }),
  ),
});

const AnomalyAnswer = Type.Object({
  ...columnMembers,
  window: Type.Integer(),
  threshold: Type.Number(),
  data: Data(
    'Members: time, the columns of by, value, mean and sd of the values before it, z = (value - mean) / sd, or null when sd is 0. In order of time',
  ),
});

/** Adds `GET /api/series/:table/anomalies`. */
export function anomalyRoute(app: ApiApp, parts: RouteParts): void {
  const options = tableRoute(parts, {
    operationId: 'series-anomalies',
    summary: 'Values that are far from those before them, by a rolling z-score',
    description:
      'Each value is compared with the `window` values before it in its series, at least ten of them. Values before the range are read for this purpose.',
    querystring: AnomalyQuery,
    answer: AnomalyAnswer,
    rows: 'Anomalies in order of time',
  });
  app.get('/api/series/:table/anomalies', options, async (request, reply) => {
    const { window = DEFAULT_WINDOW, threshold = DEFAULT_THRESHOLD } = request.query;
    const table = tableNamed(parts.tables, request.params.table);
    const asked = parseColumnRequest(table, request.query, parts.config.maxRows);
    const columns = answerColumns('time', ...asked.by, 'value', 'mean', 'sd', 'z');
    const { column, by, filters, range } = asked;
    const engine = await parts.database.engine();
    const earlierSince = await warmUpStart(parts.database.reads, {
      engine,
      table: table.hypertable,
      by,
      filters,
      range,
      samples: [usable(ident(column))],
      count: window,
    });
    const answer = await columnAnswer(
      parts,
      asked,
      anomalyQuery(asked, { engine, window, threshold, earlierSince }),
    );
    return sendRows(request, reply, columns, { ...answer, window, threshold });
  });
}
