// Rows of a table over a range: as they are, thinned out, or as figures per bucket from the cheapest source.
import { Type } from '@fastify/type-provider-typebox';
import { query, queryRows } from '../../database/query';
import { publicName, type SeriesTable, tableNamed } from '../../database/tables';
import { choice, Freshness, Next, nullable } from '../../http/common-schemas';
import { WIDTH_RULE } from '../../http/durations';
import { sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import type { Rows } from '../../http/packed-rows';
import { checkSize, pageQuery, questionOf, type RequestedPage, requestedPage } from '../../http/pages';
import { rangeQuery } from '../../http/range';
import { currentInstant, timeText } from '../../http/time';
import type { RouteParts } from '../../parts';
import { chooseWidth, keptSince, type Plan, planBuckets, widthText } from '../plan/planner';
import type { Question } from '../plan/sources';
import { thinnedRows } from '../queries/downsample';
import { type AnswerRow, filledCount, fillGaps } from '../queries/fill';
import { bucketQuery, rowQuery } from '../queries/rows-and-buckets';
import { topSeries } from '../queries/top-series';
import { earlierSamples } from '../queries/warm-up';
import { answerColumns, FIELD_RULE, shownField } from '../request/fields';
import { boundColumns, filteredColumns } from '../request/filters';
import { DEFAULT_POINTS, parseRequest, type SeriesRequest } from '../request/parse-request';
import { DEFAULT_PERIOD, type Range, resolveRange } from '../request/ranges';
import { TOP_RULE } from '../request/top';
import {
  Bucket,
  Count,
  covered,
  Data,
  FieldShown,
  Keys,
  queryOf,
  selectionQuery,
  source,
  tableRoute,
  tzQuery,
  Zone,
} from './table-route';

const seriesQuery = (maxRows: number) =>
  queryOf({
    field: Type.Optional(
      Type.String({
        maxLength: 2_000,
        description: `Separated by commas: ${FIELD_RULE}. Without it: every column as it is`,
      }),
    ),
    ...selectionQuery,
    ...rangeQuery(DEFAULT_PERIOD),
    bucket: Type.Optional(
      Type.String({
        maxLength: 40,
        description: `\`none\` for rows as they are, \`auto\` for a width that fits \`points\`, or ${WIDTH_RULE}. Default: \`auto\` for figures. The range is widened to whole buckets. Note that m means minutes here, but months in \`period\``,
      }),
    ),
    ...tzQuery,
    top: Type.Optional(
      Type.String({
        maxLength: 200,
        description: `Only the series with the largest values: ${TOP_RULE}. Equal ones are ranked by their keys. \`limit\` in contrast is the length of a page`,
        examples: ['5', '5:max(temperature)'],
      }),
    ),
    points: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: DEFAULT_POINTS,
        description:
          'Most buckets of bucket=auto, and most points per series of downsample (minmax: 2 or more)',
      }),
    ),
    fill: Type.Optional(
      choice(['none', 'null', 'locf', 'linear'], {
        description:
          'What buckets without rows contain: nothing, they are left out (none, the default), null, the last value before them (locf), or a value between their neighbours (linear). This also holds for counts: a gap is null, not 0',
      }),
    ),
    downsample: Type.Optional(
      choice(['lttb', 'minmax'], {
        description:
          'Reduces one numeric column to some of its rows: lttb keeps the shape of the line, minmax the lowest and the highest row of each stretch',
      }),
    ),
    ...pageQuery(maxRows),
  });

const TopShown = Type.Unsafe<{ of: string; series: number; left_out: number } | null>({
  type: 'object',
  nullable: true,
  required: ['of', 'series', 'left_out'],
  properties: {
    of: { type: 'string', description: 'The figure that series are ranked by' },
    series: { type: 'integer', description: 'Number of series in data' },
    left_out: { type: 'integer', description: 'Number of series that have rows and are not in data' },
  },
  description: 'Which series are shown; null = all',
});

const SeriesAnswer = Type.Object({
  ...source,
  bucket: Bucket,
  tz: Zone,
  ...covered,
  freshness: Freshness,
  fields: Type.Array(FieldShown),
  by: Keys,
  top: TopShown,
  fill: Type.String(),
  downsample: nullable('string', 'How rows were thinned out'),
  count: Count,
  next: Next,
  data: Data(
    'Members: time, the columns of by, the fields. In order of time. Whole numbers beyond 2^53 are text',
  ),
});

/** Adds `GET /api/series/:table`. */
export function seriesRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const options = tableRoute(parts, {
    operationId: 'series',
    summary: 'Rows or figures of a table over a range',
    description:
      'Figures per bucket are read from the coarsest declared aggregate that gives them exactly, or else from the rows; `source` says from which.',
    querystring: seriesQuery(maxRows),
    answer: SeriesAnswer,
    rows: 'Rows in order of time',
  });
  app.get('/api/series/:table', options, async (request, reply) => {
    const table = tableNamed(parts.tables, request.params.table);
    const wanted = parseRequest(table.hypertable, request.query);
    const now = currentInstant();
    const scope = scopeOf(table, wanted, resolveRange(request.query, now, wanted.zone), now);
    const { top } = wanted;
    const engine = await parts.database.engine();
    const ranking = { engine, question: scope.question, filters: wanted.filters, range: scope.range, now };
    const chosen = top && (await topSeries(parts.database.reads, { top, ...ranking }));
    const asked = chosen ? { ...wanted, filters: [...wanted.filters, chosen.condition] } : wanted;
    const columns = answerColumns('time', ...asked.by, ...asked.fields.map(({ name }) => name));
    // The width is part of the question: between two pages `auto` could choose another one.
    const question = `${questionOf(request.url)} ${scope.bucket ?? ''}`;
    const page = requestedPage(question, request.query, maxRows);
    const rows = await readRows(parts, asked, scope, page);
    const { data, next } = page.cut(rows, ({ time }) => String(time), WAY_OUT);
    const source = scope.plan?.relation ?? table.hypertable;
    if (chosen) void reply.header('x-tsdb-series-left-out', chosen.leftOut);
    return sendRows(request, reply, columns, {
      table: table.name,
      source: publicName(source),
      bucket: scope.bucket,
      tz: asked.zone?.name ?? 'UTC',
      from: timeText(scope.range.from),
      to: timeText(scope.range.to),
      freshness: await parts.freshness.of(source, scope.range),
      fields: asked.fields.map(shownField),
      by: asked.by,
      top: top && chosen ? { of: top.field.of, series: chosen.shown, left_out: chosen.leftOut } : null,
      fill: asked.fill,
      downsample: asked.downsample ?? null,
      kept_since: scope.keptSince,
      count: data.length,
      next,
      data,
    });
  });
}

const WAY_OUT =
  'pages with limit, a shorter period, a wider bucket, fewer series with where, or fewer points';

/** What a request comes to: the table, the range that is covered, and the plan when there are buckets. */
interface Scope {
  readonly table: SeriesTable;
  readonly question: Question;
  readonly range: Range;
  readonly plan?: Plan;
  readonly bucket: string | null;
  readonly keptSince: string | null;
}

function scopeOf(table: SeriesTable, asked: SeriesRequest, range: Range, now: bigint): Scope {
  const { bucket, fields, by, filters, points, source } = asked;
  const question: Question = {
    table,
    figures: fields.flatMap(({ figure }) => figure ?? []),
    by,
    filtered: filteredColumns(filters),
    bound: boundColumns(filters),
    source,
    zone: asked.zone,
  };
  if (bucket === 'none') {
    const kept = keptSince({ relation: table.hypertable }, range, now);
    return { table, question, range, bucket: null, keptSince: kept };
  }
  const width = bucket === 'auto' ? chooseWidth(question, points, range, now) : bucket;
  const plan = planBuckets(question, width, range, now);
  return { table, question, range: plan.range, plan, bucket: widthText(width), keptSince: plan.keptSince };
}

async function readRows(
  { database, config: { maxRows } }: RouteParts,
  asked: SeriesRequest,
  { table, range, plan }: Scope,
  { limit, after }: RequestedPage,
): Promise<Rows<AnswerRow>> {
  const { reads } = database;
  const { by, filters, fields, points, fill, downsample } = asked;
  if (downsample !== undefined) {
    const line = { table, column: fields[0]?.column ?? '', by, filters, range, points };
    return thinnedRows(reads, downsample, line, limit);
  }
  const selection = { engine: await database.engine(), by, filters, fields, limit, after };
  const { sql, values } =
    plan === undefined
      ? rowQuery(table, range, selection)
      : bucketQuery(plan, { ...selection, earlierSince: await earlierSamples(reads, plan, selection) });
  if (fill === 'none' || plan === undefined) return queryRows<AnswerRow>(reads, sql, values);
  const rows = await query<AnswerRow>(reads, sql, values);
  const gaps = { fill, buckets: plan.buckets, by, figures: fields.map(({ name }) => name) };
  checkSize(Math.max(rows.length, filledCount(rows, gaps)), maxRows, WAY_OUT);
  return fillGaps(rows, gaps);
}
