// The settings that every statement of a pool runs with: its time zone, role, rights and time limit.
import { ident, literal } from '../../db/core/sql';
import { IS_RESTORING, RestoringError, restoringReason } from '../../db/server/restoring';

/** What a pool wants to be set. */
export interface WantedSettings {
  /** `read`: no transaction may write, whatever SQL it runs. */
  readonly access: 'read' | 'write';
  readonly role?: string | undefined;
  readonly statementTimeoutMs: number;
}

/** What must be true of the server that answers. */
export interface Guard {
  /** A list of SQL expressions with names. */
  readonly columns: string;
  /** Looks at their values. @throws the reason why the server must not be used. */
  check(row: Readonly<Record<string, unknown>>): void;
}

/** A database in restoring mode hides rows, and those that are written then get lost. */
export const RESTORED: Guard = {
  columns: `${IS_RESTORING} AS restoring, pg_catalog.current_database() AS database_name`,
  check: ({ restoring, database_name }) => {
    if (restoring === true) throw new RestoringError(restoringReason(String(database_name)));
  },
};

/** Of several hosts, only the primary is the database. */
export const TAKES_WRITES: Guard = {
  columns: 'pg_catalog.pg_is_in_recovery() AS is_standby',
  check: ({ is_standby }) => {
    // cannot_connect_now: as if this host were not there.
    if (is_standby === true) throw Object.assign(new Error('this host is a standby'), { code: '57P03' });
  },
};

/** Both guards. */
export const bothOf = (one: Guard, other: Guard | undefined): Guard =>
  other === undefined
    ? one
    : {
        columns: `${one.columns}, ${other.columns}`,
        check: (row) => {
          one.check(row);
          other.check(row);
        },
      };

/** The settings as the start-up parameter `options`: a session has them from its beginning. */
export function startupOptions({ access, role, statementTimeoutMs }: WantedSettings): string {
  return (
    [
      'timezone=UTC',
      'datestyle=ISO',
      ...(access === 'read' ? ['default_transaction_read_only=on'] : []),
      `statement_timeout=${statementTimeoutMs}`,
      ...(role === undefined ? [] : [`role=${role}`]),
    ]
      // Spaces separate the options; a backslash makes the next character part of a value.
      .map((setting) => `-c ${setting.replace(/[\\ ]/g, (character) => `\\${character}`)}`)
      .join(' ')
  );
}

/** SQL condition: the present session has the settings. */
export const hasSettings = ({ access, role, statementTimeoutMs }: WantedSettings): string =>
  [
    `current_setting('timezone') = 'UTC' AND current_setting('datestyle') LIKE 'ISO%'`,
    ...(access === 'read' ? [`current_setting('default_transaction_read_only') = 'on'`] : []),
    `current_setting('statement_timeout')::interval = interval '1 millisecond' * ${statementTimeoutMs}`,
    ...(role === undefined ? [] : [`current_setting('role') = ${literal(role)}`]),
  ].join(' AND ');

/**
 * Statements that give the settings to the transaction in which they run, and to no other. The role comes last but one, so that the rest
 * of them does not depend on its rights; the guard is asked with them.
 */
export const transactionSettings = (
  { access, role, statementTimeoutMs }: WantedSettings,
  { columns }: Pick<Guard, 'columns'>,
): string =>
  [
    ...(access === 'read' ? ['SET TRANSACTION READ ONLY'] : []),
    "SET LOCAL timezone TO 'UTC'",
    "SET LOCAL datestyle TO 'ISO'",
    `SET LOCAL statement_timeout TO ${statementTimeoutMs}`,
    ...(role === undefined ? [] : [`SET LOCAL ROLE ${ident(role)}`]),
    // A transaction that has read something cannot become one that writes.
    `SELECT ${columns}`,
  ].join('; ');
