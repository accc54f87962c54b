import type { ApiApp } from '../instance';
import type { RouteParts } from '../parts';

/** Adds the routes. */
export function alertRoutes(_app: ApiApp, _parts: RouteParts): void {}
