// The readings of a sensor over a range, in four resolutions.
import type { Relation } from '../../db/language/aggregate';
import { parseDuration } from '../../db/language/interval';
import { inAllFormats, sendRows } from '../http/formats';
import type { ApiApp } from '../http/instance';
import { questionOf, requestedPage } from '../http/pages';
import { problemResponses } from '../http/problems';
import { parseRange, type TimeRange } from '../http/range';
import { currentInstant, instantOf, LATEST } from '../http/time';
import type { RouteParts } from '../parts';
import { bucketsOver } from '../series/buckets';
import { before } from '../series/calendar';
import type { Range } from '../series/request/ranges';
import { type LevelName, levels, units } from './levels';
import { AggregateRow, RawRow, SensorParams, seriesOf, seriesQuery } from './schemas';
import { unknownSensor } from './sensor-routes';
import type { Store } from './store';

/** Adds `GET /api/sensors/:id/{raw,hourly,daily,monthly}`. */
export function readingRoutes(app: ApiApp, parts: RouteParts, store: Store): void {
  for (const level of Object.keys(levels) as LevelName[]) addLevel(app, parts, store, level);
}

function addLevel(
  app: ApiApp,
  { config: { maxRows }, freshness }: RouteParts,
  store: Store,
  level: LevelName,
): void {
  const { relation, time, columns, defaultPeriod } = levels[level];
  const answer = level === 'raw' ? seriesOf(RawRow) : seriesOf(AggregateRow);
  const schema = {
    tags: ['sensors'],
    summary: level === 'raw' ? 'Raw readings of a sensor' : `${level} figures of a sensor`,
    operationId: `sensor-${level}`,
    params: SensorParams,
    querystring: seriesQuery(level, maxRows),
    response: { 200: inAllFormats(answer, 'Rows of the range'), ...problemResponses },
  };
  app.get(`/api/sensors/:id/${level}`, { schema }, async (request, reply) => {
    const { id } = request.params;
    const { order = 'asc', period = defaultPeriod, from } = request.query;
    const range = parseRange(request.query, defaultPeriod);
    const page = requestedPage(questionOf(request.url), request.query, maxRows);
    const rows = await store.series(level, { sensorId: id, range, order, ...page });
    if (rows.length === 0 && !(await store.isKnown(id))) throw unknownSensor(id);
    const timeOf = (row: object) => (row as Readonly<Record<string, string>>)[time] ?? '';
    const { data, next } = page.cut<object>(rows, timeOf, wayOut(level, period));
    return sendRows(request, reply, columns, {
      sensor_id: id,
      period: from === undefined ? period : null,
      source: relation.name,
      bucket: relation.kind === 'aggregate' ? relation.bucket : null,
      freshness: await freshness.of(relation, covered(relation, range)),
      unit: units,
      count: data.length,
      next,
      data,
    });
  });
}

/** The buckets that the range touches; without an end, those to come are in it, too. */
function covered(relation: Relation, { from, to }: TimeRange): Range {
  const end = to === undefined ? LATEST : instantOf(to);
  const start =
    'time' in from
      ? instantOf(from.time)
      : before(to === undefined ? currentInstant() : end, parseDuration(from.back));
  const range = { from: start, to: end };
  return relation.kind === 'aggregate' ? bucketsOver(parseDuration(relation.bucket), range).range : range;
}

const COARSER: Readonly<Partial<Record<LevelName, LevelName>>> = {
  raw: 'hourly',
  hourly: 'daily',
  daily: 'monthly',
};

/** How to ask for fewer rows. */
function wayOut(level: LevelName, period: string): string {
  const coarser = COARSER[level];
  return coarser
    ? `pages with limit, for a shorter period, or for /${coarser}?period=${period}`
    : 'pages with limit, or for a shorter period';
}
