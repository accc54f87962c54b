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
import { bucketsOver, startsOf } from '../buckets';
import { before, isWholeMultiple, stepsIn } from '../calendar';
import { keptSince, type Plan, planBuckets, widthText } from '../plan/planner';
import type { Question } from '../plan/sources';
import { bucketAverageQuery, movingAverageQuery } from '../queries/windows';
import { type ColumnRequest, parseColumnRequest } from '../request/column-request';
import { answerColumns } from '../request/fields';
import { countOf } from '../request/figures';
import { boundColumns, filteredColumns } from '../request/filters';
import { zoneFor } from '../request/parse-request';
import type { Zone } from '../zones/zones';
import { columnAnswer } from './column-answer';
import {
  Bucket,
  columnMembers,
  columnQuery,
  Data,
  queryOf,
  tableRoute,
  tzQuery,
  Zone as ZoneShown,
} from './table-route';

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
  ...tzQuery,
});

const MovingAverageAnswer = Type.Object({
  ...columnMembers,
  bucket: Bucket,
  tz: ZoneShown,
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
    const { bucket = 'none', tz } = request.query;
    const zone = tz === undefined ? undefined : zoneFor(bucket, tz);
    const asked = parseColumnRequest(table, request.query, parts.config.maxRows, zone);
    const columns = answerColumns('time', ...asked.by, 'value', 'moving_average');
    const window = parseWidth('window', request.query.window);
    if (bucket === 'none') {
      const read = { from: before(asked.range.from, window), to: asked.range.to };
      return sendRows(request, reply, columns, {
        ...(await columnAnswer(parts, asked, movingAverageQuery(asked, window))),
        window: formatInterval(window),
        bucket: null,
        tz: 'UTC',
        freshness: null,
        kept_since: keptSince({ relation: table.hypertable }, read, asked.now),
      });
    }
    const engine = await parts.database.engine();
    const { plan, from } = planAverage(asked, { window, bucket, source: request.query.source, zone });
    return sendRows(request, reply, columns, {
      ...(await columnAnswer(parts, asked, bucketAverageQuery(plan, { ...asked, engine }, window, from))),
      window: formatInterval(window),
      source: publicName(plan.relation),
      from: timeText(from),
      to: timeText(plan.range.to),
      bucket: widthText(plan.width),
      tz: zone?.name ?? 'UTC',
      freshness: await parts.freshness.of(plan.relation, plan.range),
      kept_since: plan.keptSince,
    });
  });
}

/** The plan for sums and counts from one window before the first bucket, and the start of that bucket. */
function planAverage(
  { table, column, by, filters, range, now }: ColumnRequest,
  {
    window,
    bucket,
    source,
    zone,
  }: { readonly window: Interval; readonly bucket: string } & Pick<Question, 'source' | 'zone'>,
): { readonly plan: Plan; readonly from: bigint } {
  const width = parseWidth('bucket', bucket);
  if (!isWholeMultiple(window, width))
    throw new ProblemError(
      'bad-bucket',
      `The window (${formatInterval(window)}) is not a whole multiple of the bucket (${formatInterval(width)}); choose one that is, for example window=24h&bucket=1h`,
    );
  if (zone !== undefined && stepsIn(window, width) === undefined)
    throw new ProblemError(
      'bad-bucket',
      `In a time zone, a window of months needs buckets of months; write the window in days, for example window=30d&bucket=1d&tz=${zone.name}`,
    );
  const { from } = bucketsOver(width, range, zone).range;
  const figures = [{ kind: 'aggregate', fn: 'sum', column } as const, countOf(table.hypertable, column)];
  const filtered = filteredColumns(filters);
  const question = { table, figures, by, filtered, bound: boundColumns(filters), source, zone };
  const read = { from: windowStart(from, window, width, zone), to: range.to };
  return { plan: planBuckets(question, width, read, now), from };
}

const DAY = 86_400_000_000n;

/** Where the window of the bucket that begins at `from` has begun one bucket before it: as many buckets back as the window has. */
function windowStart(from: bigint, window: Interval, width: Interval, zone: Zone | undefined): bigint {
  if (zone === undefined) return before(from, window);
  const starts = startsOf(bucketsOver(width, { from: before(from, window) - 2n * DAY, to: from + 1n }, zone));
  return starts.at(-1 - Number(stepsIn(window, width))) ?? starts[0] ?? from;
}
