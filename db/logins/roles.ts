// The login roles of a deployment, with their attributes and memberships. All their rights come from these.
import type { Desired } from '../language/desired';
import { api, monitor, reader, writer } from '../schema/access';

/** Names of the files that hold passwords; roles are called `tsdb_<name>`. */
export const LOGINS = ['owner', 'app', 'monitoring', 'backup'] as const;
export type LoginName = (typeof LOGINS)[number];

/** A membership. With `admin` the login may grant the group to others. */
export interface Membership {
  readonly group: string;
  readonly admin: boolean;
}

/** A login role as it should be. */
export interface Login {
  readonly name: LoginName;
  readonly role: string;
  readonly createsRoles: boolean;
  /** Whether it may read all rows of tables with row-level security. */
  readonly bypassesRowSecurity: boolean;
  readonly memberships: readonly Membership[];
  /** Privileges on the database. They are granted to each role, so that it keeps them when an administrator revokes them from PUBLIC. */
  readonly privileges: readonly ('CONNECT' | 'CREATE' | 'TEMPORARY')[];
}

/** This membership allows reading `shared_preload_libraries`, which decides the engine. */
const SETTINGS = 'pg_read_all_settings';

/**
 * Describes a login as it should be.
 * @param rowSecurity whether a table has row-level security.
 */
export function loginOf(name: LoginName, desired: Desired, rowSecurity: boolean): Login {
  const login = { name, role: `tsdb_${name}`, createsRoles: false, bypassesRowSecurity: false };
  const plain = (...groups: readonly string[]): readonly Membership[] =>
    groups.map((group) => ({ group, admin: false }));
  switch (name) {
    case 'owner':
      // Planning reads settings and statistics of the server, and the owner may grant the group roles.
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
      // Its connections use one of these roles (TSDB_READ_ROLE, TSDB_WRITE_ROLE). Comparing the schema reads settings.
      return {
        ...login,
        memberships: plain(api.name, reader.name, writer.name, SETTINGS),
        privileges: ['CONNECT', 'TEMPORARY'],
      };
    case 'monitoring':
      return { ...login, memberships: plain(monitor.name), privileges: ['CONNECT', 'TEMPORARY'] };
    case 'backup':
      // pg_dump refuses to dump a table with row-level security for a role that may read only some of its rows.
      return {
        ...login,
        bypassesRowSecurity: rowSecurity,
        memberships: plain('pg_read_all_data', SETTINGS),
        privileges: ['CONNECT'],
      };
  }
}
