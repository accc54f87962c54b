// Writes over HTTP: rows into declared tables, and the rows that were rejected.
import { messageOf } from '../../db/core/errors';
import { deadLetters, ingestRequests } from '../../db/schema/service';
import { watchedTables } from '../alerts/alert-tables';
import type { ApiApp } from '../http/instance';
import type { RouteParts } from '../parts';
import { deadLetterRoutes } from './dead-letter-routes';
import { createGate } from './gate';
import { type IngestParts, ingestRoute } from './ingest-route';
import { routing } from './points/routing';
import { forgetOldLetters } from './store/dead-letters';
import { groupCommit } from './store/group-commit';
import { forgetOldAnswers } from './store/idempotency';
import { rowWriter } from './write-request';

const HOUR_MS = 3_600_000;

/** Groups of a table that are written at the same time: while one commits, the next one is written. */
const GROUPS_AT_ONCE = 2;

/** The parts of every route, and the most rows that small writes store in one transaction; 1 = each write has its own. */
export interface IngestRouteParts extends RouteParts {
  readonly groupRows: number;
}

/** Adds the routes, and forgets old answers and dead letters every hour. */
export function ingestRoutes(app: ApiApp, { groupRows, ...parts }: IngestRouteParts): IngestParts {
  const { database, config } = parts;
  const { writer } = database;
  const slots = writer.options.max;
  const watched = watchedTables(config.desired);
  const destination = {
    pool: writer,
    engine: () => database.engine(),
    keepsRejected: config.desired.tables.includes(deadLetters),
  };
  const tables = new Map(
    [...parts.tables].map(([name, table]) => [name, { ...table, watched: watched.get(name) }]),
  );
  const maxInFlight = Math.min(GROUPS_AT_ONCE, slots);
  const group = groupRows > 1 ? groupCommit(destination, { maxRows: groupRows, maxInFlight }) : undefined;
  const shared: IngestParts = {
    config,
    gate: createGate({ slots, waiting: 4 * slots, waitingBytes: 4 * config.maxBodyBytes }),
    destination,
    tables,
    routing: routing(tables.values()),
    write: rowWriter({ tables, destination, group }),
    keepsAnswers: config.desired.tables.includes(ingestRequests),
  };
  ingestRoute(app, shared);
  deadLetterRoutes(app, { ...shared, database, streams: config.desired.streams });
  forgetHourly(app, parts, shared);
  return shared;
}

function forgetHourly(
  app: ApiApp,
  { database: { writer }, config: { deadLetterDays } }: RouteParts,
  { keepsAnswers, destination: { keepsRejected } }: IngestParts,
): void {
  let timer: NodeJS.Timeout | undefined;
  const forget = async (): Promise<void> => {
    if (keepsAnswers) await forgetOldAnswers(writer);
    if (!keepsRejected || deadLetterDays === 0) return;
    const letters = await forgetOldLetters(writer, deadLetterDays);
    if (letters > 0)
      app.log.warn({ letters }, `dead letters that are older than ${deadLetterDays} days were deleted`);
  };
  app.addHook('onReady', async () => {
    timer = setInterval(() => {
      forget().catch((error: unknown) =>
        app.log.warn(
          { reason: messageOf(error) },
          'answers to old writes and old dead letters could not be deleted; the next try is in an hour',
        ),
      );
    }, HOUR_MS).unref();
  });
  app.addHook('onClose', async () => clearInterval(timer));
}
