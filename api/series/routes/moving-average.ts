// Averages over a time window that ends with each row, or with each bucket.
import { formatInterval, type Interval } from '../../../db/language/interval';
import { publicName } from '../../database/tables';
import { inAllFormats, sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { ProblemError, problemResponses } from '../../http/problems';
import type { RouteParts } from '../../parts';
import { before, bucketStart, isWholeMultiple, timeText } from '../calendar';
import { keptSince, type Plan, planBuckets, widthText } from '../plan/planner';
import { bucketAverageQuery, movingAverageQuery } from '../queries/windows';
import { countOf } from '../request/figures';
import { boundColumns } from '../request/filters';
import { type AskedTrack, askedTrack, shownTrack, trackRows } from '../request/one-column';
import { parseWidth } from '../request/widths';
import { freshnessOf, tableNamed } from './context';
import { MovingAverageAnswer, movingAverageParameters, tableParams } from './schemas';

/** Adds `GET /api/series/:table/moving-average`. */
export function movingAverageRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const schema = {
    tags: ['series'],
    summary: 'Averages over a time window that ends with each row or bucket',
    operationId: 'series-moving-average',
    description:
      'The window holds both its ends; what lies before the range is read for it. With `bucket` the averages are exact, from sums and counts per bucket, of an aggregate where one carries both; buckets without rows are left out.',
    params: tableParams(parts.tables.keys()),
    querystring: movingAverageParameters,
    response: { 200: inAllFormats(MovingAverageAnswer, 'Rows in order of time'), ...problemResponses },
  };
  app.get('/api/series/:table/moving-average', { schema }, async (request, reply) => {
    const table = tableNamed(parts, request.params.table);
    const columnsFor = (by: readonly string[]) => ['time', ...by, 'value', 'moving_average'];
    const track = askedTrack(table, request.query, columnsFor, maxRows);
    const window = parseWidth('window', request.query.window);
    const about = { ...shownTrack(track), window: formatInterval(window) };
    void reply.header('cache-control', 'no-cache');
    const { bucket } = request.query;
    if (bucket === undefined || bucket === 'none') {
      const data = await trackRows(parts, movingAverageQuery(track, window));
      const read = { from: before(track.range.from, window), to: track.range.to };
      return sendRows(request, reply, track.columns, {
        ...about,
        bucket: null,
        freshness: null,
        kept_since: keptSince({ relation: table.hypertable }, read, track.now),
        count: data.length,
        data,
      });
    }
    const { plan, from } = planAverage(track, window, bucket);
    const data = await trackRows(parts, bucketAverageQuery(plan, track, window, from));
    return sendRows(request, reply, track.columns, {
      ...about,
      source: publicName(plan.relation),
      from: timeText(from),
      to: timeText(plan.range.to),
      bucket: widthText(plan.width),
      freshness: await freshnessOf(parts, plan.relation),
      kept_since: plan.keptSince,
      count: data.length,
      data,
    });
  });
}

/** The plan for sums and counts from one window before the first bucket, and the start of that bucket. */
function planAverage(
  { table, column, by, filters, range, now }: AskedTrack,
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
  const filtered = filters.map((filter) => filter.column);
  const question = { table, figures, by, filtered, bound: boundColumns(filters) };
  const read = { from: before(from, window), to: range.to };
  return { plan: planBuckets(question, width, read, now), from };
}
