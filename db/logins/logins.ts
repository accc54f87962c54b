// Creates and corrects the login roles of a deployment, so that no part of it has to log in as a superuser.
import type { ClientConfig } from 'pg';
import { messageOf, RefusedError } from '../core/errors';
import { invocation } from '../core/invocation';
import { counted } from '../core/quantities';
import { ident, literal } from '../core/sql';
import { createRoleSql } from '../kinds/roles';
import type { Desired } from '../language/desired';
import type { Db } from '../model';
import { withConnection, withReconcilerLock, withTransaction } from '../server/connection';
import { withRetry } from '../server/retry';
import { hasExtension } from '../server/server-info';
import { writeNodePasswords } from './node-passwords';
import { findOwnerChanges } from './ownership';
import { type Login, type LoginName, loginOf } from './roles';
import { isVerifierOf, scramVerifier } from './scram';
import { type LoginState, type LoginsState, readLogins } from './state';

/** The result for one login. */
export interface LoginReport {
  readonly role: string;
  /** What was changed, in words; empty when the login was already right. */
  readonly changes: readonly string[];
}

export interface LoginsReport {
  readonly version: 1;
  readonly database: string;
  readonly logins: readonly LoginReport[];
  /** Group roles that were created. */
  readonly groups: readonly string[];
  /** What could not be done, and why. */
  readonly notes: readonly string[];
}

export interface LoginsOptions {
  /** Passwords by login. Logins without a password are left alone. */
  readonly passwords: ReadonlyMap<LoginName, string>;
  /** How long to wait for an apply to end, in milliseconds. */
  readonly lockWaitMs: number;
}

/** A statement and a description of what it does. Only the first statement of a change has the description. */
interface Change {
  readonly text?: string;
  readonly sql: string;
}

// Changing the owner of an object needs a strong lock. Waiting for it blocks everybody else, so each wait is short and repeated.
const LOCK_TIMEOUT_MS = 3_000;

const PUBLIC = 'SCHEMA public';

const INSUFFICIENT_PRIVILEGE = '42501';

/**
 * Creates or corrects all logins with a password, or none of them, and makes the owner the owner of everything that was applied
 * before. Running it again changes nothing. Passwords leave this process only as SCRAM verifiers.
 * @throws RefusedError when the login of the connection may not do that.
 */
export async function ensureLogins(
  connection: ClientConfig,
  desired: Desired,
  { passwords, lockWaitMs }: LoginsOptions,
): Promise<LoginsReport> {
  return withConnection(connection, (db) =>
    withReconcilerLock(db, lockWaitMs, async () => {
      try {
        const report = await withRetry(() =>
          withTransaction(db, async () => {
            await db.query(`SET LOCAL lock_timeout = ${LOCK_TIMEOUT_MS}`);
            return await makeLogins(db, desired, passwords);
          }),
        );
        return { ...report, notes: [...report.notes, ...(await toldToNodes(db, desired, passwords))] };
      } catch (error) {
        if ((error as { code?: unknown }).code !== INSUFFICIENT_PRIVILEGE) throw error;
        throw new RefusedError(
          `nothing was changed: this login may not make the others (${messageOf(error)}); connect as a superuser, or as a role with CREATEROLE that may grant these roles and owns what "${invocation('apply')}" created`,
          { cause: error },
        );
      }
    }),
  );
}

// A node takes passwords only of roles that it has, so the roles are committed by then.
async function toldToNodes(
  db: Db,
  desired: Desired,
  passwords: LoginsOptions['passwords'],
): Promise<readonly string[]> {
  if (!(await hasExtension(db, 'citus'))) return [];
  const logins = new Map(
    [...passwords].map(([name, password]) => [loginOf(name, desired, false).role, password] as const),
  );
  const groups = desired.roles.map(({ name }) => name);
  const written = await withTransaction(db, () => writeNodePasswords(db, { logins, groups }));
  if (written.length === 0) return [];
  return [`the nodes of Citus log in to each other with new passwords as ${written.join(', ')}`];
}

async function makeLogins(
  db: Db,
  desired: Desired,
  passwords: LoginsOptions['passwords'],
): Promise<LoginsReport> {
  const state = await readLogins(db);
  const logins = [...passwords.keys()].map((name) => loginOf(name, desired, state.rowSecurity));
  requireOtherLogin(logins, state);
  // Group roles are created first, so that logins can be members before the first apply and no second run is needed.
  const groups = desired.roles.map(({ name }) => name).filter((name) => !state.roles.includes(name));
  const engine = (await hasExtension(db, 'citus')) ? 'citus' : 'postgres';
  await run(
    db,
    groups.flatMap((name) => createRoleSql(name, engine).map((sql) => ({ sql }))),
  );
  const present = new Set([...state.roles, ...groups]);
  const reports: LoginReport[] = [];
  const notes: string[] = [];
  for (const login of logins) {
    const own = state.logins.find(({ role }) => role === login.role);
    const password = passwords.get(login.name) as string;
    const changes = [
      ...attributeChanges(login, own),
      ...passwordChanges(login, own, password, state.verifiersReadable),
      ...membershipChanges(login, own, present),
      ...privilegeChanges(login, own, state.database),
      ...(login.name === 'owner' ? await ownershipChanges(db, desired, login.role) : []),
    ];
    await run(db, changes);
    reports.push({ role: login.role, changes: changes.flatMap(({ text }) => text ?? []) });
    notes.push(...notesOn(login, own, present));
  }
  return { version: 1, database: state.database, logins: reports, groups, notes };
}

async function run(db: Db, changes: readonly Change[]): Promise<void> {
  for (const { sql } of changes) await db.query(sql);
}

// Otherwise this login would lose the rights that it needs in the middle of the work.
function requireOtherLogin(logins: readonly Login[], { user, logins: present }: LoginsState): void {
  const self = logins.find(({ role }) => role === user);
  if (self !== undefined && present.some(({ role, attributes }) => role === user && attributes.SUPERUSER))
    throw new RefusedError(
      `${user} is a superuser, and this would make it an ordinary login while it is in use; connect as another superuser`,
    );
}

function attributeChanges(login: Login, own: LoginState | undefined): readonly Change[] {
  const wanted = {
    LOGIN: true,
    INHERIT: true,
    SUPERUSER: false,
    CREATEDB: false,
    CREATEROLE: login.createsRoles,
    REPLICATION: false,
    BYPASSRLS: login.bypassesRowSecurity,
  };
  const before = own?.attributes ?? { INHERIT: true };
  // Set only attributes that differ: a non-superuser may not even restate NOSUPERUSER.
  const words = Object.entries(wanted)
    .filter(([name, is]) => (before[name as keyof typeof wanted] ?? false) !== is)
    .map(([name, is]) => (is ? name : `NO${name}`));
  if (own === undefined)
    return [{ text: 'created', sql: `CREATE ROLE ${ident(login.role)} ${words.join(' ')}` }];
  if (words.length === 0) return [];
  return [{ text: `made ${words.join(' ')}`, sql: `ALTER ROLE ${ident(login.role)} ${words.join(' ')}` }];
}

function passwordChanges(
  { role }: Login,
  own: LoginState | undefined,
  password: string,
  readable: boolean,
): readonly Change[] {
  if (isVerifierOf(own?.verifier ?? null, password)) return [];
  const sql = `ALTER ROLE ${ident(role)} PASSWORD ${literal(scramVerifier(password))}`;
  return [
    { text: readable ? 'password set' : 'password set; this login may not read whether it differed', sql },
  ];
}

function membershipChanges(
  { role, memberships }: Login,
  own: LoginState | undefined,
  present: ReadonlySet<string>,
): readonly Change[] {
  const has = (group: string, admin: boolean): boolean =>
    own?.memberships.some((one) => one.group === group && (one.admin || !admin)) ?? false;
  return memberships
    .filter(({ group, admin }) => present.has(group) && !has(group, admin))
    .map(({ group, admin }) => ({
      text: `member of ${group}${admin ? ', which it may grant' : ''}`,
      sql: `GRANT ${ident(group)} TO ${ident(role)}${admin ? ' WITH ADMIN OPTION' : ''}`,
    }));
}

function privilegeChanges(
  { name, role, privileges }: Login,
  own: LoginState | undefined,
  database: string,
): readonly Change[] {
  const grant = (wanted: readonly string[], present: readonly string[], on: string): readonly Change[] => {
    const missing = wanted.filter((privilege) => !present.includes(privilege));
    if (missing.length === 0) return [];
    const what = `${missing.join(', ')} ON ${on}`;
    // The owner passes the use of schema public on when it applies.
    const option = on === PUBLIC ? ' WITH GRANT OPTION' : '';
    return [{ text: what, sql: `GRANT ${what} TO ${ident(role)}${option}` }];
  };
  return [
    ...grant(privileges, own?.onDatabase ?? [], `DATABASE ${ident(database)}`),
    ...(name === 'owner' ? grant(['USAGE', 'CREATE'], own?.onPublic ?? [], PUBLIC) : []),
  ];
}

async function ownershipChanges(db: Db, desired: Desired, role: string): Promise<readonly Change[]> {
  const changes = await findOwnerChanges(db, desired, role);
  const before = [...new Set(changes.map(({ from }) => from))].sort();
  return changes.map(({ sql }, at) =>
    at === 0
      ? { text: `owner of ${counted(changes.length, 'object')} of ${before.join(', ')}`, sql }
      : { sql },
  );
}

function notesOn(
  { role, memberships, name }: Login,
  own: LoginState | undefined,
  present: ReadonlySet<string>,
): readonly string[] {
  const missing = memberships.filter(({ group }) => !present.has(group)).map(({ group }) => group);
  const groups = memberships.map(({ group }) => group);
  const surplus = (own?.memberships ?? [])
    .map(({ group }) => group)
    .filter((group) => !groups.includes(group));
  return [
    ...(missing.length > 0
      ? [
          `${role} is not yet a member of ${missing.join(', ')}, because there is no such role; add "access" to TSDB_SCHEMAS and run this again`,
        ]
      : []),
    // The owner is a member of every role that it has created.
    ...(surplus.length > 0 && name !== 'owner'
      ? [
          `${role} is also a member of ${surplus.join(', ')}, which it does not need; REVOKE that unless it is intended`,
        ]
      : []),
  ];
}
