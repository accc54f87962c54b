// The logins of a deployment, and the schema sets that they need. Both stacks make the same ones with `tsdb logins`.
import { DATABASE } from './names';

/** Logins that own nothing but their work; `tsdb logins` reads their passwords from files of these names. */
export const LOGINS = ['owner', 'app', 'monitoring', 'backup'] as const;

export type LoginName = (typeof LOGINS)[number];

/** Who may log in. The superuser makes the others and does nothing else. */
export type Login = LoginName | 'superuser';

/** Role of a login in the database. */
export function roleOf(login: Login): string {
  return login === 'superuser' ? DATABASE.superuser : `tsdb_${login}`;
}

/** What the API takes on once it is logged in: it reads as one role, and writes as another. */
export const API_ROLES = { read: 'tsdb_reader', write: 'tsdb_api' } as const;

/** Roles come from set `access`, and the keys that the API asks for are kept by set `service`. */
const NEEDED_SETS = ['service', 'access'];

/** The chosen sets, comma-separated, with those among them that no deployment goes without. */
export function deployedSchemas(schemas: string): string {
  return [...new Set([...schemas.split(','), ...NEEDED_SETS])].join(',');
}
