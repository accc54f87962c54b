// Adds the routes that serve every declared table.
import type { ApiApp } from '../http/instance';
import type { RouteParts } from '../parts';
import { anomalyRoute } from './anomaly-route';
import { keyListRoute } from './key-list-route';
import { latestRoute } from './latest-route';
import { movingAverageRoute } from './moving-average-route';
import { seriesRoute } from './series-route';
import { summaryRoute } from './summary-route';
import { tableRoutes } from './table-routes';

/** Adds `/api/tables` and `/api/series/:table` with what is below it. */
export function seriesRoutes(app: ApiApp, parts: RouteParts): void {
  tableRoutes(app, parts);
  seriesRoute(app, parts);
  keyListRoute(app, parts);
  latestRoute(app, parts);
  movingAverageRoute(app, parts);
  anomalyRoute(app, parts);
  summaryRoute(app, parts);
}
