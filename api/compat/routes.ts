// Doors for the clients of other databases. All of them lead to the one writer, see ingest/write-request.ts.
import type { ApiApp } from '../http/instance';
import type { IngestParts } from '../ingest/ingest-route';
import { influxRoutes } from './influx/routes';
import { otlpRoutes } from './otlp/routes';
import { prometheusRoutes } from './prometheus/routes';

/** Adds the routes of all doors. */
export function compatRoutes(app: ApiApp, ingest: IngestParts): void {
  influxRoutes(app, ingest);
  prometheusRoutes(app, ingest);
  otlpRoutes(app, ingest);
}
