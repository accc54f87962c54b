// Databases that take no writes: a hot standby, one whose operator has set default_transaction_read_only, and one that has moved.
import { messageOf, RefusedError } from '../core/errors';
import type { Db } from '../model';

/** SQLSTATE read_only_sql_transaction. */
export const READ_ONLY = '25006';

/** What a database that has moved has in the field `constraint` of its refusals, whose message says where the data is. */
export const MOVED_CONSTRAINT = 'tsdb_moved';

/** SQL: why a new transaction of this session cannot write: `standby`, `setting`, `moved`, or NULL when it can. */
export const READ_ONLY_BY = `CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'standby'
  WHEN pg_catalog.current_setting('default_transaction_read_only') = 'on' THEN 'setting'
  WHEN pg_catalog.to_regclass('tsdb_move.moved') IS NOT NULL THEN 'moved' END`;

export type ReadOnlyBy = 'standby' | 'setting' | 'moved';

/** Why the server takes no writes, and the way out. */
export const READ_ONLY_REASONS: Readonly<Record<ReadOnlyBy, string>> = {
  standby: 'the server is a hot standby, which takes no writes; use the address of its primary server',
  setting:
    'the server takes no writes because default_transaction_read_only is on; use another server, or ask its operator to set it to off',
  moved:
    'the database takes no writes because its data has moved to another one; use the address that "SELECT target FROM tsdb_move.moved" shows',
};

/** Turns the server's refusal to write into an error that says why and what to do; returns any other error unchanged. */
export async function explainReadOnly(error: unknown, db: Pick<Db, 'query'>): Promise<unknown> {
  const refusal = refusalIn(error);
  if (refusal === undefined) return error;
  const answer = await db.query<{ by: ReadOnlyBy | null }>(`SELECT ${READ_ONLY_BY} AS by`).catch(() => null);
  const by = answer?.rows[0]?.by;
  return by ? new RefusedError(`${READ_ONLY_REASONS[by]} (${messageOf(refusal)})`, { cause: error }) : error;
}

function refusalIn(error: unknown): unknown {
  const { code, cause } = (error ?? {}) as { readonly code?: unknown; readonly cause?: unknown };
  if (code === READ_ONLY) return error;
  return cause === undefined ? undefined : refusalIn(cause);
}
