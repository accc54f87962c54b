// Reads the present login roles: attributes, password verifiers if they may be read, memberships and privileges.
import type { Db } from '../model';
import { LOGINS } from './roles';

export type Attribute =
  | 'LOGIN'
  | 'INHERIT'
  | 'SUPERUSER'
  | 'CREATEDB'
  | 'CREATEROLE'
  | 'REPLICATION'
  | 'BYPASSRLS';

/** A login role as it is now. */
export interface LoginState {
  readonly role: string;
  readonly attributes: Readonly<Partial<Record<Attribute, boolean>>>;
  /** As PostgreSQL stores it; null when there is none or it may not be read. */
  readonly verifier: string | null;
  readonly memberships: readonly { readonly group: string; readonly admin: boolean }[];
  /** Privileges that were granted to this role itself, not to PUBLIC. */
  readonly onDatabase: readonly string[];
  /** Privileges that it may grant to others. */
  readonly onPublic: readonly string[];
}

export interface LoginsState {
  readonly database: string;
  /** The role of this session. */
  readonly user: string;
  /** All roles of the server. */
  readonly roles: readonly string[];
  readonly logins: readonly LoginState[];
  /** Only superusers may read verifiers. */
  readonly verifiersReadable: boolean;
  /** Whether a table has row-level security, here or earlier in another database: roles are shared by all databases of a server. */
  readonly rowSecurity: boolean;
}

/** Reads the state of all logins in two queries. */
export async function readLogins(db: Db): Promise<LoginsState> {
  const { rows } = await db.query<Omit<LoginsState, 'logins'>>(
    `SELECT current_database()::text AS database, current_user::text AS "user",
            ARRAY(SELECT rolname::text FROM pg_roles ORDER BY 1) AS roles,
            has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS "verifiersReadable",
            EXISTS (SELECT FROM pg_class WHERE relrowsecurity) OR EXISTS (SELECT FROM pg_roles WHERE rolname = 'tsdb_backup' AND rolbypassrls) AS "rowSecurity"`,
  );
  const server = rows[0] as Omit<LoginsState, 'logins'>;
  const { rows: logins } = await db.query<LoginState>(
    `SELECT r.rolname::text AS role,
            json_build_object('LOGIN', r.rolcanlogin, 'INHERIT', r.rolinherit, 'SUPERUSER', r.rolsuper, 'CREATEDB', r.rolcreatedb,
                              'CREATEROLE', r.rolcreaterole, 'REPLICATION', r.rolreplication, 'BYPASSRLS', r.rolbypassrls) AS attributes,
            ${server.verifiersReadable ? '(SELECT a.rolpassword FROM pg_authid a WHERE a.oid = r.oid)' : 'NULL'} AS verifier,
            -- There is one row per grantor.
            (SELECT coalesce(json_agg(json_build_object('group', m.name, 'admin', m.admin) ORDER BY m.name), '[]')
               FROM (SELECT g.rolname AS name, bool_or(x.admin_option) AS admin FROM pg_auth_members x JOIN pg_roles g ON g.oid = x.roleid
                      WHERE x.member = r.oid GROUP BY 1) m) AS memberships,
            ARRAY(SELECT x.privilege_type FROM pg_database d, aclexplode(d.datacl) x
                   WHERE d.datname = current_database() AND x.grantee = r.oid ORDER BY 1) AS "onDatabase",
            ARRAY(SELECT x.privilege_type FROM pg_namespace n, aclexplode(n.nspacl) x
                   WHERE n.nspname = 'public' AND x.grantee = r.oid AND x.is_grantable ORDER BY 1) AS "onPublic"
       FROM pg_roles r WHERE r.rolname = ANY ($1) ORDER BY 1`,
    [LOGINS.map((name) => `tsdb_${name}`)],
  );
  return { ...server, logins };
}
