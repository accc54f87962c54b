// Thresholds over HTTP: listed, set and removed.
import { Type } from '@fastify/type-provider-typebox';
import { faultOfNumber } from '../../db/core/number-limits';
import { query } from '../database/query';
import { onWriteConnection } from '../database/write-connection';
import { NoQuery } from '../http/common-schemas';
import type { ApiApp } from '../http/instance';
import { checkSize } from '../http/pages';
import { ProblemError, problemResponses } from '../http/problems';
import type { RouteParts } from '../parts';
import type { Watched } from './alert-tables';
import type { Threshold } from './evaluate';
import { metricOf, sensorOf, watchedNamed } from './lookup';
import { ThresholdBody, ThresholdList, ThresholdParams, ThresholdSchema, ThresholdsQuery } from './schemas';
import { dropThreshold, setThreshold, thresholdQuery } from './store';

/** Adds the routes. */
export function thresholdRoutes(
  app: ApiApp,
  { config: { maxRows }, database }: RouteParts,
  tables: ReadonlyMap<string, Watched>,
): void {
  app.get(
    '/api/thresholds',
    {
      schema: {
        tags: ['alerts'],
        summary: 'The ranges that readings should stay in',
        operationId: 'thresholds',
        querystring: ThresholdsQuery,
        response: { 200: ThresholdList, ...problemResponses },
      },
    },
    async (request) => {
      const { table, sensor_id } = request.query;
      const watched = watchedNamed(tables, table);
      const sensors = sensor_id === undefined ? undefined : [sensorOf(watched, sensor_id)];
      const { sql, values } = thresholdQuery(watched, sensors, maxRows + 1);
      const thresholds = await query<Threshold>(database.reader, sql, values);
      checkSize(thresholds.length, maxRows, 'those of one sensor with sensor_id');
      return { table: watched.name, thresholds };
    },
  );

  app.put(
    '/api/thresholds/:table/:sensor/:metric',
    {
      config: { access: 'write' },
      schema: {
        tags: ['alerts'],
        summary: 'Sets the range of a metric of a sensor; it applies to rows that arrive from now on',
        operationId: 'set-threshold',
        params: ThresholdParams,
        querystring: NoQuery,
        body: ThresholdBody,
        response: { 200: ThresholdSchema, ...problemResponses },
      },
    },
    async (request, reply) => {
      const watched = watchedNamed(tables, request.params.table);
      const { minimum = null, maximum = null } = request.body;
      if (minimum === null && maximum === null)
        throw new ProblemError('bad-body', 'Give minimum, maximum or both; to remove a threshold use DELETE');
      if (minimum !== null && maximum !== null && minimum > maximum)
        throw new ProblemError('bad-body', `minimum (${minimum}) is above maximum (${maximum})`);
      for (const [name, limit] of Object.entries({ minimum, maximum })) {
        // Alerts carry the limit into a table of readings of their own.
        const fault = limit === null ? undefined : faultOfNumber('double precision', limit);
        if (fault !== undefined) throw new ProblemError('bad-body', `${name} ${fault}`);
      }
      const { sql, values } = setThreshold(watched, {
        sensor_id: sensorOf(watched, request.params.sensor),
        metric: metricOf(watched, request.params.metric),
        minimum,
        maximum,
      });
      const { rows } = await onWriteConnection(database.writer, (db) => db.query<Threshold>(sql, values));
      void reply.header('cache-control', 'no-store');
      return rows[0] as Threshold;
    },
  );

  app.delete(
    '/api/thresholds/:table/:sensor/:metric',
    {
      config: { access: 'write' },
      schema: {
        tags: ['alerts'],
        summary: 'Removes a threshold',
        operationId: 'drop-threshold',
        params: ThresholdParams,
        querystring: NoQuery,
        response: { 204: Type.Null({ description: 'Removed' }), ...problemResponses },
      },
    },
    async (request, reply) => {
      const watched = watchedNamed(tables, request.params.table);
      const sensor = sensorOf(watched, request.params.sensor);
      const metric = metricOf(watched, request.params.metric);
      const { sql, values } = dropThreshold(watched, sensor, metric);
      const { rowCount } = await onWriteConnection(database.writer, (db) => db.query(sql, values));
      if (rowCount === 0)
        throw new ProblemError(
          'unknown-object',
          `${metric} of ${sensor} has no threshold in ${watched.name}`,
        );
      return reply.code(204).send(null);
    },
  );
}
