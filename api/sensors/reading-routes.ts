// The readings of a sensor over a range, in four resolutions.
import type { ContinuousAggregate } from '../../db/language/aggregate';
import { nameOf } from '../../db/language/names';
import { decodeCursor, pageOf, questionOf } from '../http/cursor';
import { inAllFormats, sendRows } from '../http/formats';
import type { ApiApp } from '../http/instance';
import { ProblemError, problemResponses } from '../http/problems';
import { parseRange } from '../http/time';
import type { RouteParts } from '../parts';
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
    summary: level === 'raw' ? 'Readings of a sensor as they came' : `${level} figures of a sensor`,
    operationId: `sensor-${level}`,
    params: SensorParams,
    querystring: seriesQuery(level, maxRows),
    response: { 200: inAllFormats(answer, 'Rows of the range'), ...problemResponses },
  };
  app.get(`/api/sensors/:id/${level}`, { schema }, async (request, reply) => {
    const { id } = request.params;
    const { limit, cursor, order = 'asc', period = defaultPeriod, from } = request.query;
    const range = parseRange(request.query, defaultPeriod);
    // Only pages need to know what was asked.
    const question = (limit ?? cursor) === undefined ? '' : questionOf(request.url);
    const after = cursor === undefined ? undefined : decodeCursor(question, cursor);
    // One row more than wanted tells "exactly full" from "too many", and whether there is a next page.
    const rows = await store.series(level, {
      sensorId: id,
      range,
      order,
      after,
      limit: (limit ?? maxRows) + 1,
    });
    if (limit === undefined && rows.length > maxRows) throw tooManyRows(level, period, maxRows);
    if (rows.length === 0 && !(await store.isKnown(id))) throw unknownSensor(id);
    const timeOf = (row: object) => (row as Readonly<Record<string, string>>)[time] ?? '';
    const { data, next } = pageOf<object>(rows, limit ?? maxRows, timeOf, question, after);
    void reply.header('cache-control', 'no-cache');
    return sendRows(request, reply, columns, {
      sensor_id: id,
      period: from === undefined ? period : null,
      source: relation.name,
      bucket: relation.kind === 'aggregate' ? relation.bucket : null,
      freshness: relation.kind === 'aggregate' ? await freshnessOf(relation) : null,
      unit: units,
      count: data.length,
      next,
      data,
    });
  });

  async function freshnessOf(aggregate: ContinuousAggregate) {
    const watermark = (await freshness.watermarks()).get(nameOf(aggregate)) ?? null;
    return { watermark, real_time: aggregate.realTime };
  }
}

const COARSER: Readonly<Partial<Record<LevelName, LevelName>>> = {
  raw: 'hourly',
  hourly: 'daily',
  daily: 'monthly',
};

function tooManyRows(level: LevelName, period: string, maxRows: number): ProblemError {
  const coarser = COARSER[level];
  return new ProblemError(
    'too-many-rows',
    `These are more than the ${maxRows} ${level} rows that this server sends at once; ask for pages with limit, for a shorter period${coarser ? `, or for /${coarser}?period=${period}` : ''}`,
  );
}
