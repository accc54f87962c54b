// Passwords by which the nodes of a Citus cluster log in to each other as our roles, where the nodes ask for some.
import { randomBytes } from 'node:crypto';
import { ident, literal } from '../core/sql';
import type { Db } from '../model';
import { scramVerifier } from './scram';

/** The roles that ask other nodes. */
export interface NodeRoles {
  /** Passwords by role. */
  readonly logins: ReadonlyMap<string, string>;
  /** Group roles. A connection that switches to one of them asks other nodes as that role. */
  readonly groups: readonly string[];
}

const PASSWORD_BYTES = 32;

/**
 * Writes them on every node, also on one that was added since the last time. A group role gets a password that only the nodes
 * know. Whoever made the cluster has written that of the superuser: without it, nodes trust each other or log in by other means,
 * and nothing is written.
 * @returns roles whose password was not there, or was another one, on this node
 */
export async function writeNodePasswords(db: Db, { logins, groups }: NodeRoles): Promise<readonly string[]> {
  if (!(await nodesAskForPasswords(db))) return [];
  // The passwords are in the statements.
  await db.query("SET LOCAL log_statement = 'none'");
  await db.query('SET LOCAL log_min_duration_statement = -1');
  await db.query("SET LOCAL log_min_error_statement = 'panic'");
  const known = await readNodePasswords(db);
  const own = [...logins].map(([role, password]) => ({ role, authinfo: authinfoOf(password) }));
  const ofGroups: typeof own = [];
  for (const role of groups)
    ofGroups.push({ role, authinfo: known.get(role) ?? (await drawPassword(db, role)) });
  const wanted = [...own, ...ofGroups];
  if (wanted.length === 0) return [];
  const values = wanted.map(({ role, authinfo }) => `(0, ${literal(role)}, ${literal(authinfo)})`);
  const write = `INSERT INTO pg_catalog.pg_dist_authinfo (nodeid, rolename, authinfo) VALUES ${values.join(', ')}
    ON CONFLICT (rolename, nodeid) DO UPDATE SET authinfo = EXCLUDED.authinfo WHERE pg_dist_authinfo.authinfo <> EXCLUDED.authinfo`;
  await db.query(write);
  const { rows } = await db.query<{ node: string; result: string }>(
    `SELECT format('%s:%s', nodename, nodeport) AS node, result FROM run_command_on_workers(${literal(write)}) WHERE NOT success`,
  );
  const [failed] = rows;
  if (failed !== undefined)
    throw new Error(`node ${failed.node} did not take the passwords of the logins: ${failed.result}`);
  return wanted.filter(({ role, authinfo }) => known.get(role) !== authinfo).map(({ role }) => role);
}

// Only a superuser may read the table.
async function nodesAskForPasswords(db: Db): Promise<boolean> {
  const { rows } = await db.query<{ readable: boolean }>(
    `SELECT has_table_privilege('pg_catalog.pg_dist_authinfo', 'SELECT, INSERT, UPDATE') AS readable`,
  );
  if (rows[0]?.readable !== true) return false;
  const { rows: superuser } = await db.query(
    'SELECT FROM pg_catalog.pg_dist_authinfo WHERE rolename = current_user',
  );
  return superuser.length > 0;
}

async function readNodePasswords(db: Db): Promise<ReadonlyMap<string, string>> {
  const { rows } = await db.query<{ role: string; authinfo: string }>(
    'SELECT rolename::text AS role, authinfo FROM pg_catalog.pg_dist_authinfo WHERE nodeid = 0',
  );
  return new Map(rows.map(({ role, authinfo }) => [role, authinfo]));
}

async function drawPassword(db: Db, role: string): Promise<string> {
  const password = randomBytes(PASSWORD_BYTES).toString('base64url');
  await db.query(`ALTER ROLE ${ident(role)} PASSWORD ${literal(scramVerifier(password))}`);
  return authinfoOf(password);
}

/** In the form of a connection string. */
const authinfoOf = (password: string): string =>
  `password='${password.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
