// The nodes of a Citus cluster that ask each other for passwords, as an operator of clusters sets them up: what the schema Job does
// there before the schema is applied.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { desiredFrom } from '../../db/language/desired';
import { findCitusBinaries } from '../../db/local/binaries';
import { type CitusServer, startCitusServer } from '../../db/local/citus-cluster';
import { createCluster } from '../../db/local/cluster';
import { withClient } from '../../db/local/server-facts';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { ensureLogins } from '../../db/logins/logins';
import type { LoginName } from '../../db/logins/roles';
import { selectSets } from '../../db/schema/sets';
import { PREPARE_SHARDED_SCRIPT } from '../../k8s/prepare-database';

const binaries = findCitusBinaries(process.env);
const missing = binaries === undefined ? 'no PostgreSQL with Citus (TSDB_CITUS_BIN)' : undefined;

describeUnless(missing, 'logins of nodes that ask for passwords', () => {
  const folder = temporaryFolder();
  const servers: CitusServer[] = [];
  const desired = desiredFrom(selectSets('access'));

  // Over TCP, these servers ask for passwords; over their sockets they ask nobody.
  beforeAll(async () => {
    if (binaries === undefined) return;
    const folders = ['n0', 'n1', 'n2', 'n3'].map((name) => join(folder, name));
    const [first = '', ...others] = folders;
    await createCluster({ binaries, folder: first, durable: false });
    for (const other of others) cpSync(first, other, { recursive: true });
    for (const each of folders) servers.push(await startCitusServer({ binaries, folder: each }));
    for (const { url } of servers) {
      const { password } = new URL(url);
      await sql(url, 'CREATE EXTENSION citus');
      await sql(url, `INSERT INTO pg_dist_authinfo VALUES (0, current_user, 'password=${password}')`);
    }
    const [coordinator, ...workers] = servers as [CitusServer, ...CitusServer[]];
    await sql(coordinator.url, `SELECT citus_set_coordinator_host('127.0.0.1', ${coordinator.port})`);
    for (const { port } of workers.slice(0, 2))
      await sql(coordinator.url, `SELECT citus_add_node('127.0.0.1', ${port})`);
    await sql(coordinator.url, 'CREATE TABLE reading (sensor int, value int)');
    await sql(coordinator.url, "SELECT create_distributed_table('reading', 'sensor')");
    await sql(coordinator.url, 'INSERT INTO reading SELECT i, i FROM generate_series(1, 100) i');
  }, 120_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    removeFolder(folder);
  });

  const coordinator = () => (servers[0] as CitusServer).url;
  const make = (passwords: readonly (readonly [LoginName, string])[]) =>
    ensureLogins({ connectionString: coordinator() }, desired, {
      passwords: new Map(passwords),
      lockWaitMs: 5_000,
    });
  /** Counts the rows on the workers as a login, after it has switched to a group. */
  const count = async (role: string, password: string, group = role): Promise<unknown> => {
    const url = new URL(coordinator());
    url.username = role;
    url.password = encodeURIComponent(password);
    return withClient(url.href, async (client) => {
      await client.query(`SET ROLE ${group}`);
      const { rows } = await client.query('SELECT count(*)::int AS n FROM reading');
      return rows[0]?.n;
    });
  };
  /** As in the first container of the Job; resolves to its exit code. */
  const prepare = async (shards: number): Promise<unknown> => {
    const { port, password } = new URL(coordinator());
    const passwordFile = join(folder, 'superuser');
    writeFileSync(passwordFile, decodeURIComponent(password));
    const child = spawn('sh', ['-c', PREPARE_SHARDED_SCRIPT], {
      stdio: 'ignore',
      env: {
        PATH: `${binaries?.binDir}:${process.env.PATH}`,
        ...{ PGHOST: '127.0.0.1', PGPORT: port, PGUSER: 'postgres', PGDATABASE: 'postgres' },
        ...{ PGPASSWORD_FILE: passwordFile, SHARDS: String(shards) },
      },
    });
    const [code] = await once(child, 'exit');
    return code;
  };
  const PASSWORDS = [
    ['owner', "it's a \\ secret"],
    ['app', 'first'],
  ] as const;

  it('come after the extension for columnar tables, which every node gets', async () => {
    expect(await prepare(2)).toBe(0);
    for (const { url } of servers.slice(0, 3))
      expect(await sql(url, "SELECT FROM pg_extension WHERE extname = 'citus_columnar'")).toHaveLength(1);
    expect(await prepare(2)).toBe(0);
  });

  it('reach the rows on the workers, as themselves and as a group', async () => {
    const { notes } = await make(PASSWORDS);
    expect(notes.join('\n')).toMatch(/new passwords as tsdb_owner, tsdb_app, tsdb_\w+/);
    await sql(coordinator(), 'GRANT SELECT ON reading TO tsdb_owner, tsdb_app, tsdb_reader');
    expect(await count('tsdb_owner', "it's a \\ secret")).toBe(100);
    expect(await count('tsdb_app', 'first')).toBe(100);
    expect(await count('tsdb_app', 'first', 'tsdb_reader')).toBe(100);
  });

  it('change nothing when they are right', async () => {
    const passwords = () => sql(coordinator(), 'SELECT rolename, authinfo FROM pg_dist_authinfo ORDER BY 1');
    const before = await passwords();
    const { notes } = await make(PASSWORDS);
    expect(notes.join('\n')).not.toContain('new passwords');
    expect(await passwords()).toEqual(before);
  });

  it('are known to a node that was added later', async () => {
    const late = servers[3] as CitusServer;
    const waiting = prepare(3);
    await sql(coordinator(), `SELECT citus_add_node('127.0.0.1', ${late.port})`);
    const roles = () => sql(late.url, 'SELECT rolename::text FROM pg_dist_authinfo ORDER BY 1');
    expect(await waiting).toBe(0);
    expect(await roles()).toHaveLength(1);
    await make(PASSWORDS);
    expect(await roles()).toEqual(
      await sql(coordinator(), 'SELECT rolename::text FROM pg_dist_authinfo ORDER BY 1'),
    );
  });

  it('follow a rotation', async () => {
    const { notes } = await make([['app', 'second']]);
    expect(notes.join('\n')).toMatch(/new passwords as tsdb_app$/m);
    expect(await count('tsdb_app', 'second', 'tsdb_reader')).toBe(100);
  });

  it('could not, if they were not there', async () => {
    await sql(coordinator(), "DELETE FROM pg_dist_authinfo WHERE rolename = 'tsdb_app'");
    await expect(count('tsdb_app', 'second')).rejects.toThrow(
      /connection to the remote node tsdb_app@.*failed/,
    );
  });
});

async function sql(url: string, text: string): Promise<readonly unknown[]> {
  return withClient(url, async (client) => (await client.query(text)).rows);
}
