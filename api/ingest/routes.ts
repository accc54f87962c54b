// Writes over HTTP: rows into declared tables, and what becomes of rows that could not be taken.
import { messageOf } from '../../db/core/errors';
import { deadLetters, ingestRequests } from '../../db/schema/service';
import { watchedTables } from '../alerts/alert-tables';
import type { ApiApp } from '../http/instance';
import type { RouteParts } from '../parts';
import { deadLetterRoutes } from './dead-letter-routes';
import { createGate } from './gate';
import type { IngestParts } from './ingest-parts';
import { ingestRoute } from './ingest-route';
import { groupCommit } from './store/group-commit';
import { forgetOldAnswers } from './store/idempotency';

const HOUR_MS = 3_600_000;

/** The parts of every route, and most rows that small writes share a transaction with; 1 = none do. */
export interface IngestRouteParts extends RouteParts {
  readonly groupRows: number;
}

/** Groups of a table that are written at the same time: while one commits, the next one is written. */
const GROUPS_AT_ONCE = 2;

/** Adds the routes, and forgets old answers every hour. */
export function ingestRoutes(app: ApiApp, { groupRows, ...parts }: IngestRouteParts): void {
  const { database, config } = parts;
  const { writer } = database;
  const slots = writer.options.max;
  const watched = watchedTables(config.desired);
  const keepsRefused = config.desired.tables.includes(deadLetters);
  const destination = async () => ({ pool: writer, engine: await database.engine(), keepsRefused });
  const maxInFlight = Math.min(GROUPS_AT_ONCE, slots);
  const shared: IngestParts = {
    ...parts,
    gate: createGate({ slots, waiting: 4 * slots, waitingBytes: 4 * config.maxBodyBytes }),
    keepsAnswers: config.desired.tables.includes(ingestRequests),
    keepsRefused,
    destination,
    group: groupRows > 1 ? groupCommit(destination, { maxRows: groupRows, maxInFlight }) : undefined,
    target: ({ name, hypertable, aggregates }) => ({
      table: hypertable,
      aggregates,
      watched: watched.get(name),
    }),
  };
  ingestRoute(app, shared);
  deadLetterRoutes(app, shared);
  if (shared.keepsAnswers) forgetHourly(app, parts);
}

function forgetHourly(app: ApiApp, { database }: RouteParts): void {
  let timer: NodeJS.Timeout | undefined;
  app.addHook('onReady', async () => {
    timer = setInterval(() => {
      forgetOldAnswers(database.writer).catch((error: unknown) =>
        app.log.warn(
          { reason: messageOf(error) },
          'answers to old writes could not be deleted; tried again in an hour',
        ),
      );
    }, HOUR_MS).unref();
  });
  app.addHook('onClose', async () => clearInterval(timer));
}
