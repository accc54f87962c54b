// Alerts over HTTP: readings outside their thresholds, and the thresholds.
import { query } from '../database/query';
import { inAllFormats, sendRows } from '../http/formats';
import type { ApiApp } from '../http/instance';
import { questionOf, requestedPage } from '../http/pages';
import { problemResponses } from '../http/problems';
import { parseRange } from '../http/range';
import type { RouteParts } from '../parts';
import { watchedTables } from './alert-tables';
import { sensorOf, watchedNamed } from './lookup';
import { AlertPage, alertsQuery, DEFAULT_PERIOD } from './schemas';
import { alertQuery, type StoredAlert } from './store';
import { thresholdRoutes } from './threshold-routes';

const COLUMNS = ['time', 'sensor_id', 'alert_type', 'message', 'value', 'threshold'];

/** Adds the routes. */
export function alertRoutes(app: ApiApp, parts: RouteParts): void {
  const { config, database } = parts;
  const { maxRows } = config;
  const tables = watchedTables(config.desired);
  thresholdRoutes(app, parts, tables);

  app.get(
    '/api/alerts',
    {
      schema: {
        tags: ['alerts'],
        summary: 'Readings that were outside their thresholds when they arrived, newest first',
        operationId: 'alerts',
        querystring: alertsQuery(maxRows),
        response: { 200: inAllFormats(AlertPage, 'Alerts of the range'), ...problemResponses },
      },
    },
    async (request, reply) => {
      const { table, sensor_id } = request.query;
      const watched = watchedNamed(tables, table);
      const range = parseRange(request.query, DEFAULT_PERIOD);
      const page = requestedPage(questionOf(request.url), request.query, maxRows);
      const sensor = sensor_id === undefined ? undefined : sensorOf(watched, sensor_id);
      const { sql, values } = alertQuery(
        watched,
        { range, sensor, ...page },
        await database.reached(database.reader),
      );
      const rows = await query<StoredAlert>(database.reader, sql, values);
      const { data, next } = page.cut(rows, ({ time }) => time, 'pages with limit, or for a shorter period');
      return sendRows(request, reply, COLUMNS, { table: watched.name, count: data.length, next, data });
    },
  );
}
