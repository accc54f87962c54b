// The readings of a sensor over a period, in four resolutions.
import type { Static } from '@fastify/type-provider-typebox';
import type { ApiApp } from '../instance';
import { type LevelName, levels, units } from '../levels';
import { parsePeriod } from '../period';
import { ProblemError, problemResponses } from '../problems';
import { AggregateRow, periodQuery, RawRow, SensorParams, seriesOf } from '../schemas';
import type { Store } from '../store';
import { unknownSensor } from './sensors';

/** Adds `GET /api/sensors/:id/{raw,hourly,daily,monthly}?period=`. */
export function seriesRoutes(app: ApiApp, store: Store, maxRows: number): void {
  for (const level of Object.keys(levels) as LevelName[]) addLevel(app, { store, maxRows, level });
}

function addLevel(
  app: ApiApp,
  { store, maxRows, level }: { store: Store; maxRows: number; level: LevelName },
): void {
  const answer = level === 'raw' ? seriesOf(RawRow) : seriesOf(AggregateRow);
  const schema = {
    params: SensorParams,
    querystring: periodQuery(level),
    response: { 200: answer, ...problemResponses },
  };
  app.get(`/api/sensors/:id/${level}`, { schema }, async (request, reply) => {
    const { id } = request.params;
    const { period } = request.query;
    // One row more than allowed tells "exactly full" from "too many" without counting them all.
    const data = await store.series(level, {
      sensorId: id,
      interval: parsePeriod(period),
      limit: maxRows + 1,
    });
    if (data.length > maxRows) throw tooManyRows(level, period, maxRows);
    if (data.length === 0 && !(await store.isKnown(id))) throw unknownSensor(id);
    reply.header('cache-control', 'no-store');
    return {
      sensor_id: id,
      period,
      source: levels[level].relation.name,
      unit: units,
      count: data.length,
      data,
    } as Static<typeof answer>;
  });
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
    `${period} of ${level} rows are more than the ${maxRows} that this server sends at once; ask for a shorter period${coarser ? `, or for /${coarser}?period=${period}` : ''}`,
  );
}
