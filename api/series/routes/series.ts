// Rows of a table over a range: as they are, thinned out, or as figures per bucket from the cheapest source.
import { query } from '../../database/query';
import { publicName, type SeriesTable } from '../../database/tables';
import { decodeCursor, type Position, pageOf, questionOf } from '../../http/cursor';
import { inAllFormats, sendRows } from '../../http/formats';
import type { ApiApp } from '../../http/instance';
import { problemResponses } from '../../http/problems';
import type { RouteParts } from '../../parts';
import { timeText } from '../calendar';
import { chooseWidth, keptSince, type Plan, planBuckets, widthText } from '../plan/planner';
import type { Question } from '../plan/sources';
import { thinnedRows } from '../queries/downsample';
import { filledCount, fillGaps, type Row } from '../queries/fill';
import { bucketQuery, rowQuery } from '../queries/rows-and-buckets';
import { answerColumns } from '../request/fields';
import { boundColumns } from '../request/filters';
import { parseRequest, type SeriesRequest } from '../request/parse-request';
import { currentInstant, type Range, resolveRange } from '../request/ranges';
import { checkSize, freshnessOf, shownField, tableNamed } from './context';
import { SeriesAnswer, seriesQuery, tableParams } from './schemas';

/** Adds `GET /api/series/:table`. */
export function seriesRoute(app: ApiApp, parts: RouteParts): void {
  const { maxRows } = parts.config;
  const schema = {
    tags: ['series'],
    summary: 'Rows or figures of a table over a range',
    operationId: 'series',
    description:
      'Figures per bucket are read from the coarsest declared aggregate that answers exactly, else from the rows; `source` says which.',
    params: tableParams(parts.tables.keys()),
    querystring: seriesQuery(maxRows),
    response: { 200: inAllFormats(SeriesAnswer, 'Rows in order of time'), ...problemResponses },
  };
  app.get('/api/series/:table', { schema }, async (request, reply) => {
    const table = tableNamed(parts, request.params.table);
    const asked = parseRequest(table.hypertable, request.query);
    const now = currentInstant();
    const scope = scopeOf(table, asked, resolveRange(request.query, now), now);
    const columns = answerColumns('time', ...asked.by, ...asked.fields.map(({ name }) => name));
    const { limit, cursor } = request.query;
    // A page must not go on in buckets of another width, should `auto` choose one meanwhile.
    const question = `${questionOf(request.url)} ${scope.bucket ?? ''}`;
    const after = cursor === undefined ? undefined : decodeCursor(question, cursor);
    const rows = await readRows(parts, asked, scope, { limit: (limit ?? maxRows) + 1, after });
    if (limit === undefined) checkSize(rows.length, maxRows, WAY_OUT);
    const timeOf = (row: Row) => String(row.time);
    const { data, next } = pageOf(rows, limit ?? maxRows, timeOf, question, after);
    const source = scope.plan?.relation ?? table.hypertable;
    void reply.header('cache-control', 'no-cache');
    return sendRows(request, reply, columns, {
      table: table.name,
      source: publicName(source),
      bucket: scope.bucket,
      from: timeText(scope.range.from),
      to: timeText(scope.range.to),
      freshness: await freshnessOf(parts, source),
      fields: asked.fields.map(shownField),
      by: asked.by,
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
  readonly range: Range;
  readonly plan?: Plan;
  readonly bucket: string | null;
  readonly keptSince: string | null;
}

function scopeOf(table: SeriesTable, asked: SeriesRequest, range: Range, now: bigint): Scope {
  const { bucket, fields, by, filters, points } = asked;
  if (bucket === 'none')
    return { table, range, bucket: null, keptSince: keptSince({ relation: table.hypertable }, range, now) };
  const question: Question = {
    table,
    figures: fields.flatMap(({ figure }) => figure ?? []),
    by,
    filtered: filters.map(({ column }) => column),
    bound: boundColumns(filters),
  };
  const width = bucket === 'auto' ? chooseWidth(question, points, range, now) : bucket;
  const plan = planBuckets(question, width, range, now);
  return { table, range: plan.range, plan, bucket: widthText(width), keptSince: plan.keptSince };
}

async function readRows(
  { database: { reader }, config: { maxRows } }: RouteParts,
  asked: SeriesRequest,
  { table, range, plan }: Scope,
  page: { readonly limit: number; readonly after: Position | undefined },
): Promise<readonly Row[]> {
  const { by, filters, fields, points, fill, downsample } = asked;
  if (downsample !== undefined) {
    const line = { table, column: fields[0]?.column ?? '', by, filters, range, points };
    return thinnedRows(reader, downsample, line, page.limit);
  }
  const selection = { by, filters, fields, ...page };
  const { sql, values } =
    plan === undefined ? rowQuery(table, range, selection) : bucketQuery(plan, selection);
  const rows = await query<Row>(reader, sql, values);
  if (fill === 'none' || plan === undefined) return rows;
  const gaps = { fill, width: plan.width, range, by, figures: fields.map(({ name }) => name) };
  checkSize(Math.max(rows.length, filledCount(rows, gaps)), maxRows, WAY_OUT);
  return fillGaps(rows, gaps);
}
