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

/** The chosen sets together with those that every deployment needs, comma-separated. */
export function deployedSchemas(schemas: string): string {
  return [...new Set([...schemas.split(','), ...NEEDED_SETS])].join(',');
}
