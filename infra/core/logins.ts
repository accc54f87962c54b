// The logins of a deployment, and the schema sets that they need. Both deployments create them with `tsdb logins`.
import { DATABASE } from './names';

/** Logins with just the rights that their task needs. `tsdb logins` reads their passwords from files of these names. */
export const LOGINS = ['owner', 'app', 'monitoring', 'backup'] as const;

export type LoginName = (typeof LOGINS)[number];

/** Who may log in. The superuser only makes logins and extensions, and restores dumps. */
export type Login = LoginName | 'superuser';

/** Role of a login in the database. */
export function roleOf(login: Login): string {
  return login === 'superuser' ? DATABASE.superuser : `tsdb_${login}`;
}

/** The roles that the API switches to after login: one for reading, one for writing. */
export const API_ROLES = { read: 'tsdb_reader', write: 'tsdb_api' } as const;

/** Set `access` declares the roles, and set `service` stores the API keys. */
const NEEDED_SETS = ['service', 'access'];

/** Set `serving` has only roles that a managed service has made: nobody may create others there. */
const NEEDED_SETS_MANAGED = ['service', 'serving'];

/**
 * The chosen sets together with those that every deployment needs, comma-separated.
 * @param managed whether a managed service runs the database
 */
export function deployedSchemas(schemas: string, managed = false): string {
  return [...new Set([...schemas.split(','), ...(managed ? NEEDED_SETS_MANAGED : NEEDED_SETS)])].join(',');
}

/** A database that a managed service runs. Its roles have no superuser among them, and belong to no group. */
export interface ManagedDatabase {
  readonly name: string;
  /** Applies the schema and owns it. */
  readonly owner: string;
  /** The role of the API, of set `serving`. */
  readonly app: string;
}
