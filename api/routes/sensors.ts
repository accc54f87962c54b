// Which sensors there are, and what each one read last.
import type { ApiApp } from '../instance';
import { ProblemError, problemResponses } from '../problems';
import { NoQuery, Reading, SensorList, SensorParams } from '../schemas';
import type { Store } from '../store';

/** Adds `GET /api/sensors` and `GET /api/sensors/:id/current`. */
export function sensorRoutes(app: ApiApp, store: Store, maxRows: number): void {
  app.get(
    '/api/sensors',
    { schema: { querystring: NoQuery, response: { 200: SensorList, ...problemResponses } } },
    async (_request, reply) => {
      const sensors = await store.sensors(maxRows + 1);
      if (sensors.length > maxRows) {
        throw new ProblemError(
          'too-many-rows',
          `There are more than ${maxRows} sensors; raise TSDB_MAX_ROWS of this server`,
        );
      }
      reply.header('cache-control', 'no-store');
      return { sensors };
    },
  );

  app.get(
    '/api/sensors/:id/current',
    {
      schema: { params: SensorParams, querystring: NoQuery, response: { 200: Reading, ...problemResponses } },
    },
    async (request, reply) => {
      const { id } = request.params;
      const reading = await store.current(id);
      if (!reading) throw await absent(store, id);
      reply.header('cache-control', 'no-store');
      return reading;
    },
  );
}

/** The problem for a sensor without a current reading. */
async function absent(store: Store, id: string): Promise<ProblemError> {
  return (await store.isKnown(id))
    ? new ProblemError(
        'no-reading',
        `The readings of ${id} are older than what is kept; ask for /monthly?period=10y`,
      )
    : unknownSensor(id);
}

/** The problem for an id that no row carries. */
export function unknownSensor(id: string): ProblemError {
  return new ProblemError(
    'unknown-sensor',
    `There is no sensor ${JSON.stringify(id)}; the sensors are listed at /api/sensors`,
  );
}
