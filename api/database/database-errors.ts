// Finds out why a query failed, from SQLSTATEs, socket errors and the driver's own messages.
import { READ_ONLY } from '../../db/server/read-only';
import { RestoringError } from '../../db/server/restoring';

/** `lost`: an established connection broke; `unavailable`: no connection could be had; `bad-value`: a bound value is not valid for its type; `overflow`: stored numbers are too large or too small for a computation. */
export type DatabaseFault =
  | 'lost'
  | 'unavailable'
  | 'restoring'
  | 'read-only'
  | 'full'
  | 'out-of-memory'
  | 'timeout'
  | 'schema-missing'
  | 'rights-missing'
  | 'bad-value'
  | 'overflow';

const SQLSTATES: Readonly<Record<string, DatabaseFault>> = {
  '57014': 'timeout', // query_canceled: what statement_timeout raises
  '57P01': 'lost', // admin_shutdown
  '57P02': 'lost', // crash_shutdown
  '57P03': 'unavailable', // cannot_connect_now: starting up or shutting down
  '57P05': 'lost', // idle_session_timeout
  '55000': 'unavailable', // object_not_in_prerequisite_state: among others, a database that accepts no connections
  '28000': 'unavailable', // invalid_authorization_specification
  '28P01': 'unavailable', // invalid_password: a fault of the deployment, not of the request
  '3D000': 'unavailable', // invalid_catalog_name: no such database
  '40001': 'unavailable', // on a standby: conflict with recovery
  [READ_ONLY]: 'read-only', // read_only_sql_transaction
  '53100': 'full', // disk_full
  '53200': 'out-of-memory', // out_of_memory: also no room for more locks
  '53400': 'out-of-memory', // configuration_limit_exceeded: temp_file_limit
  '55P03': 'timeout', // lock_not_available: lock_timeout
  '42501': 'rights-missing', // insufficient_privilege
  '42P01': 'schema-missing', // undefined_table
  '42703': 'schema-missing', // undefined_column
  '3F000': 'schema-missing', // invalid_schema_name
  '22P02': 'bad-value', // invalid_text_representation
  '22P05': 'bad-value', // untranslatable_character: \u0000 in JSON
  '22003': 'overflow', // numeric_value_out_of_range: bound numbers are checked before
  '22007': 'bad-value', // invalid_datetime_format
  '22008': 'bad-value', // datetime_field_overflow
  '22021': 'bad-value', // character_not_in_repertoire: a NUL in a text
};

const SOCKET: Readonly<Record<string, DatabaseFault>> = {
  ECONNRESET: 'lost',
  EPIPE: 'lost',
  ECONNREFUSED: 'unavailable',
  ENOTFOUND: 'unavailable',
  EAI_AGAIN: 'unavailable',
  ETIMEDOUT: 'unavailable',
  EHOSTUNREACH: 'unavailable',
  ENETUNREACH: 'unavailable',
  ENOENT: 'unavailable', // a Unix socket that does not exist
};

// These errors of pg have no code. The texts are those of pg 8 and pg-pool 3; database-errors.test.ts and app.db.test.ts notice a change.
const MESSAGES: ReadonlyArray<readonly [RegExp, DatabaseFault]> = [
  [/^Connection terminated due to connection timeout/, 'unavailable'],
  [/^timeout expired/, 'unavailable'],
  [/^timeout exceeded when trying to connect/, 'unavailable'],
  [/^Query read timeout/, 'unavailable'],
  [/^Cannot use a pool after calling end/, 'unavailable'],
  [/^The server does not support SSL connections/, 'unavailable'],
  [/^Connection terminated/, 'lost'],
  [/^Client has encountered a connection error/, 'lost'],
  [/^Client was closed/, 'lost'],
];

/** The codes of internal and I/O errors, by which Citus also says that the connection to a worker broke in a transaction. */
const UNSPECIFIC: readonly string[] = ['XX000', '58030'];
const WORKER_LOST =
  /^(failure on connection marked as essential|could not commit transaction for shard|failed to complete COPY on|terminating connection due to|server closed the connection unexpectedly|SSL connection has been closed unexpectedly|could not (receive|send) data)/;

/** Why a query failed, or undefined when the database worked and our SQL or code is at fault. */
export function databaseFault(error: unknown): DatabaseFault | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  if (error instanceof RestoringError) return 'restoring';
  // By shape, not `instanceof`: an error of another realm (a test runner's sandbox) has other classes.
  const {
    errors,
    code = '',
    message = '',
  } = error as { errors?: unknown; code?: unknown; message?: unknown };
  if (Array.isArray(errors)) return errors.map(databaseFault).find((fault) => fault !== undefined);
  if (typeof code !== 'string' || typeof message !== 'string') return undefined;
  const byCode = SQLSTATES[code] ?? SOCKET[code];
  if (byCode) return byCode;
  // Class 08: connection exceptions; class 53: out of resources, here mostly out of connections.
  if (/^(08|53)[0-9A-Z]{3}$/.test(code)) return 'unavailable';
  if (UNSPECIFIC.includes(code) && WORKER_LOST.test(message)) return 'unavailable';
  return code === '' ? MESSAGES.find(([pattern]) => pattern.test(message))?.[1] : undefined;
}
