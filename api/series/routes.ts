// Adds the routes that serve every declared table.
import type { ApiApp } from '../http/instance';
import type { RouteParts } from '../parts';
import { anomalyRoute } from './routes/anomalies';
import { deleteRoute } from './routes/delete-rows';
import { keyListRoute } from './routes/keys';
import { latestRoute } from './routes/latest';
import { movingAverageRoute } from './routes/moving-average';
import { seriesRoute } from './routes/series';
import { summaryRoute } from './routes/summary';
import { tableRoutes } from './routes/tables';

/** Adds `/api/tables` and `/api/series/:table` with what is below it. */
export function seriesRoutes(app: ApiApp, parts: RouteParts): void {
  tableRoutes(app, parts);
  seriesRoute(app, parts);
  keyListRoute(app, parts);
  latestRoute(app, parts);
  movingAverageRoute(app, parts);
  anomalyRoute(app, parts);
  summaryRoute(app, parts);
  deleteRoute(app, parts);
}
