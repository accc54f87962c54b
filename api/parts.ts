// What routes are given to work with.
import type { ApiConfig } from './config';
import type { Database } from './database/database';
import type { Freshness } from './database/freshness';
import type { ServerWatch } from './database/server-state';
import type { SeriesTable } from './database/tables';

/** The settings that routes look at. */
export type ServedConfig = Pick<
  ApiConfig,
  | 'database'
  | 'host'
  | 'desired'
  | 'maxRows'
  | 'maxBodyBytes'
  | 'deadLetterDays'
  | 'auth'
  | 'rateLimit'
  | 'corsOrigins'
  | 'trustedProxies'
>;

/** Everything that a route may use. */
export interface RouteParts {
  readonly database: Database;
  readonly config: ServedConfig;
  /** Declared hypertables by public name. */
  readonly tables: ReadonlyMap<string, SeriesTable>;
  readonly freshness: Freshness;
  readonly serverWatch: ServerWatch;
  readonly isShuttingDown: () => boolean;
}
