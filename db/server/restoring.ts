// TimescaleDB's restoring mode. While it is on, hypertables hide the rows of their chunks, and rows that are written then are
// hidden when the mode ends. A restore that is killed leaves it on.
import { RefusedError } from '../core/errors';
import type { Db } from '../model';

/** The database is in restoring mode. The message says how to end it. */
export class RestoringError extends RefusedError {}

/**
 * SQL: whether the database is in restoring mode. A session keeps the mode that it began with, and new sessions get that of the
 * database, so this looks at both.
 */
export const IS_RESTORING = `(coalesce(pg_catalog.current_setting('timescaledb.restoring', true), 'off') = 'on'
  OR EXISTS (SELECT FROM pg_catalog.pg_db_role_setting s, pg_catalog.unnest(s.setconfig) AS setting
              WHERE s.setdatabase IN (0, (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()))
                AND s.setrole IN (0, (SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user))
                AND setting ~* '^timescaledb\\.restoring=(on|true|yes|1)$'))`;

/** @throws RestoringError when the database is in restoring mode. */
export async function requireRestored(db: Pick<Db, 'query'>): Promise<void> {
  const { rows } = await db.query<{ restoring: boolean; database: string }>(
    `SELECT ${IS_RESTORING} AS restoring, pg_catalog.current_database() AS database`,
  );
  if (rows[0]?.restoring) throw new RestoringError(restoringReason(rows[0].database));
}

/** What is wrong with a database in this mode, and the way out. */
export const restoringReason = (database: string): string =>
  `database ${database} is in restoring mode (timescaledb.restoring = on), in which stored rows are hidden and new rows get lost: a restore is running or was interrupted; wait for it to end, or restore again into a new database; only if you know that the restore was complete, run "SELECT timescaledb_post_restore()" in it`;
