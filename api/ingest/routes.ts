// Writes over HTTP: rows into declared tables, and the rows that were rejected.
import { messageOf } from '../../db/core/errors';
import { deadLetters, ingestRequests } from '../../db/schema/service';
import { watchedTables } from '../alerts/alert-tables';
import type { ApiApp } from '../http/instance';
import type { RouteParts } from '../parts';
import { deadLetterRoutes } from './dead-letter-routes';
import { createGate } from './gate';
import { ingestRoute } from './ingest-route';
import { groupCommit } from './store/group-commit';
import { forgetOldAnswers } from './store/idempotency';

const HOUR_MS = 3_600_000;

/** Groups of a table that are written at the same time: while one commits, the next one is written. */
const GROUPS_AT_ONCE = 2;

/** The parts of every route, and the most rows that small writes store in one transaction; 1 = each write has its own. */
export interface IngestRouteParts extends RouteParts {
  readonly groupRows: number;
}

/** Adds the routes, and forgets old answers every hour. */
export function ingestRoutes(app: ApiApp, { groupRows, ...parts }: IngestRouteParts): void {
  const { database, config } = parts;
  const { writer } = database;
  const slots = writer.options.max;
  const watched = watchedTables(config.desired);
  const destination = {
    pool: writer,
    engine: () => database.engine(),
    keepsRejected: config.desired.tables.includes(deadLetters),
  };
  const shared = {
    config,
    gate: createGate({ slots, waiting: 4 * slots, waitingBytes: 4 * config.maxBodyBytes }),
    destination,
    tables: new Map(
      [...parts.tables].map(([name, table]) => [name, { ...table, watched: watched.get(name) }]),
    ),
  };
  const maxInFlight = Math.min(GROUPS_AT_ONCE, slots);
  const group = groupRows > 1 ? groupCommit(destination, { maxRows: groupRows, maxInFlight }) : undefined;
  const keepsAnswers = config.desired.tables.includes(ingestRequests);
  ingestRoute(app, { ...shared, group, keepsAnswers });
  deadLetterRoutes(app, { ...shared, database });
  if (keepsAnswers) forgetHourly(app, parts);
}

function forgetHourly(app: ApiApp, { database }: RouteParts): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onReady', async () => {
    timer = setInterval(() => {
      forgetOldAnswers(database.writer).catch((error: unknown) =>
        app.log.warn(
          { reason: messageOf(error) },
          'answers to old writes could not be deleted; the next try is in an hour',
        ),
      );
    }, HOUR_MS).unref();
  });
  app.addHook('onClose', async () => clearInterval(timer));
}
