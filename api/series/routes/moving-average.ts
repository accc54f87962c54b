// Averages over a time window that ends with each row, or with each bucket.
import { Type } from '@fastify/type-provider-typebox';
import { formatInterval, type Interval } from '../../../db/language/interval';
import { publicName, tableNamed } from '../../database/tables';
import { Freshness } from '../../http/common-schemas';
import { parseWidth, WIDTH_RULE } from '../../http/durations';
import { sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { ProblemError } from '../../http/problems';
import { timeText } from '../../http/time';
import type { RouteParts } from '../../parts';
import { before, bucketStart, isWholeMultiple } from '../calendar';
import { keptSince, type Plan, planBuckets, widthText } from '../plan/planner';
import { bucketAverageQuery, movingAverageQuery } from '../queries/windows';
import { type ColumnRequest, parseColumnRequest } from '../request/column-request';
import { answerColumns } from '../request/fields';
import { countOf } from '../request/figures';
import { boundColumns, filteredColumns } from '../request/filters';
import { columnAnswer } from './column-answer';
import { Bucket, columnMembers, columnQuery, Data, queryOf, tableRoute } from './table-route';

const MovingAverageQuery = queryOf({
  ...columnQuery,
  window: Type.String({
    maxLength: 40,
    description: `How far the average looks back from each row: ${WIDTH_RULE}`,
    examples: ['1h'],
  }),
  bucket: Type.Optional(
    Type.String({
      maxLength: 40,
      description:
        'Gives exact averages per bucket instead of per row; the window must be a whole multiple of the bucket. Default: none',
    }),
  ),
});

const MovingAverageAnswer = Type.Object({
  ...columnMembers,
  bucket: Bucket,
  freshness: Freshness,
  window: Type.String({ description: 'Length of the window' }),
  data: Data('Members: time, the columns of by, value, moving_average. In order of time'),
});

/** Adds `GET /api/series/:table/moving-average`. */
export function movingAverageRoute(app: ApiApp, parts: RouteParts): void {
  const options = tableRoute(parts, {
    operationId: 'series-moving-average',
    summary: 'Averages over a time window that ends with each row or bucket',
    description:
      'The window includes both its ends; rows before the range are read for it. With `bucket` the averages are exact: they are computed from the sums and counts of the buckets, which come from an aggregate where one has both. Buckets without rows are left out.',
    querystring: MovingAverageQuery,
    answer: MovingAverageAnswer,
    rows: 'Rows in order of time',
  });
  app.get('/api/series/:table/moving-average', options, async (request, reply) => {
    const table = tableNamed(parts.tables, request.params.table);
    const asked = parseColumnRequest(table, request.query, parts.config.maxRows);
    const columns = answerColumns('time', ...asked.by, 'value', 'moving_average');
    const window = parseWidth('window', request.query.window);
    const { bucket = 'none' } = request.query;
    if (bucket === 'none') {
      const read = { from: before(asked.range.from, window), to: asked.range.to };
      return sendRows(request, reply, columns, {
        ...(await columnAnswer(parts, asked, movingAverageQuery(asked, window))),
        window: formatInterval(window),
        bucket: null,
        freshness: null,
        kept_since: keptSince({ relation: table.hypertable }, read, asked.now),
      });
    }
    const { plan, from } = planAverage(asked, window, bucket);
    return sendRows(request, reply, columns, {
      ...(await columnAnswer(parts, asked, bucketAverageQuery(plan, asked, window, from))),
      window: formatInterval(window),
      source: publicName(plan.relation),
      from: timeText(from),
      to: timeText(plan.range.to),
      bucket: widthText(plan.width),
      freshness: await parts.freshness.of(plan.relation),
      kept_since: plan.keptSince,
    });
  });
}

/** The plan for sums and counts from one window before the first bucket, and the start of that bucket. */
function planAverage(
  { table, column, by, filters, range, now }: ColumnRequest,
  window: Interval,
  bucket: string,
): { readonly plan: Plan; readonly from: bigint } {
  const width = parseWidth('bucket', bucket);
  if (!isWholeMultiple(window, width))
    throw new ProblemError(
      'bad-bucket',
      `The window (${formatInterval(window)}) is not a whole multiple of the bucket (${formatInterval(width)}); choose one that is, for example window=24h&bucket=1h`,
    );
  const from = bucketStart(width, range.from);
  const figures = [{ kind: 'aggregate', fn: 'sum', column } as const, countOf(table.hypertable, column)];
  const filtered = filteredColumns(filters);
  const question = { table, figures, by, filtered, bound: boundColumns(filters) };
  const read = { from: before(from, window), to: range.to };
  return { plan: planBuckets(question, width, read, now), from };
}
