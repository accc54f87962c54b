// The sensors, and the newest reading of each.
import { NoQuery } from '../http/common-schemas';
import { formatOf, inAllFormats, sendJson, sendRows } from '../http/formats';
import type { ApiApp } from '../http/instance';
import { checkSize } from '../http/pages';
import { ProblemError, problemResponses } from '../http/problems';
import type { RouteParts } from '../parts';
import { Reading, SensorList, SensorParams, sensorsQuery } from './schemas';
import type { Store } from './store';

/** Adds `GET /api/sensors` and `GET /api/sensors/:id/current`. */
export function sensorRoutes(app: ApiApp, { config: { maxRows } }: RouteParts, store: Store): void {
  app.get(
    '/api/sensors',
    {
      schema: {
        tags: ['sensors'],
        summary: 'Sensors that have readings, with the time of the last one',
        operationId: 'sensors',
        querystring: sensorsQuery(maxRows),
        response: { 200: inAllFormats(SensorList, 'Sensors by id'), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { limit, after } = request.query;
      const found = await store.sensors((limit ?? maxRows) + 1, after);
      if (limit === undefined) checkSize(found.length, maxRows, 'pages with limit');
      const sensors = found.slice(0, limit ?? maxRows);
      const next = found.length > sensors.length ? (sensors.at(-1)?.sensor_id ?? null) : null;
      if (formatOf(request) === 'json') return sendJson(request, reply, { sensors, next }, 'sensors');
      return sendRows(request, reply, ['sensor_id', 'last_reading'], { data: sensors });
    },
  );

  app.get(
    '/api/sensors/:id/current',
    {
      schema: {
        tags: ['sensors'],
        summary: 'The newest reading of a sensor',
        operationId: 'sensor-current',
        params: SensorParams,
        querystring: NoQuery,
        response: { 200: Reading, ...problemResponses },
      },
    },
    async (request) => {
      const { id } = request.params;
      const reading = await store.current(id);
      if (!reading) throw await absent(store, id);
      return reading;
    },
  );
}

/** The problem for a sensor without a current reading. */
async function absent(store: Store, id: string): Promise<ProblemError> {
  return (await store.hasFigures(id))
    ? new ProblemError(
        'no-reading',
        `All readings of ${id} were dropped by retention; ask for /monthly?period=10y`,
      )
    : unknownSensor(id);
}

/** The problem for an id that no row has. */
export function unknownSensor(id: string): ProblemError {
  return new ProblemError(
    'unknown-sensor',
    `There is no sensor ${JSON.stringify(id)}; the sensors are listed at /api/sensors`,
  );
}
