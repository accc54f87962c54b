// The login roles of a deployment: what each is and what it is a member of. Everything that it may do comes from there.
import type { Desired } from '../language/desired';
import { api, monitor, reader, writer } from '../schema/access';

/** Names of the files that hold passwords; roles are called `tsdb_<name>`. */
export const LOGINS = ['owner', 'app', 'monitoring', 'backup'] as const;
export type LoginName = (typeof LOGINS)[number];

/** A membership; with `admin` it may be given on. */
export interface Membership {
  readonly group: string;
  readonly admin: boolean;
}

/** A login role as it should be. */
export interface Login {
  readonly name: LoginName;
  readonly role: string;
  readonly createsRoles: boolean;
  /** Reads tables with row-level security whole. */
  readonly bypassesRowSecurity: boolean;
  readonly memberships: readonly Membership[];
  /** On the database. Said for each role, so that they stay when an administrator takes them from everybody else. */
  readonly privileges: readonly ('CONNECT' | 'CREATE' | 'TEMPORARY')[];
}

/** Whether `shared_preload_libraries` may be read, which tells the engine. */
const SETTINGS = 'pg_read_all_settings';

/**
 * What a login should be.
 * @param rowSecurity whether a table has row-level security.
 */
export function loginOf(name: LoginName, desired: Desired, rowSecurity: boolean): Login {
  const login = { name, role: `tsdb_${name}`, createsRoles: false, bypassesRowSecurity: false };
  const plain = (...groups: readonly string[]): readonly Membership[] =>
    groups.map((group) => ({ group, admin: false }));
  switch (name) {
    case 'owner':
      // Planning reads settings and statistics of the server; group roles are its own to grant.
      return {
        ...login,
        createsRoles: true,
        memberships: ['pg_monitor', ...desired.roles.map((role) => role.name)].map((group) => ({
          group,
          admin: true,
        })),
        privileges: ['CONNECT', 'CREATE', 'TEMPORARY'],
      };
    case 'app':
      // Its connections take on one of these roles (TSDB_READ_ROLE, TSDB_WRITE_ROLE); comparing the schema reads settings.
      return {
        ...login,
        memberships: plain(api.name, reader.name, writer.name, SETTINGS),
        privileges: ['CONNECT', 'TEMPORARY'],
      };
    case 'monitoring':
      return { ...login, memberships: plain(monitor.name), privileges: ['CONNECT', 'TEMPORARY'] };
    case 'backup':
      // pg_dump refuses a table with row-level security to who would see only some of its rows.
      return {
        ...login,
        bypassesRowSecurity: rowSecurity,
        memberships: plain('pg_read_all_data', SETTINGS),
        privileges: ['CONNECT'],
      };
  }
}
