// Adds a server to the cluster, when everything is there that it needs; and takes a drained node back.
import type { Client } from 'pg';
import { RefusedError } from '../core/errors';
import { counted } from '../core/quantities';
import { addressText, isSame, type NodeAddress } from './address';
import { consequences, type TransferMode, unsuited } from './moves';
import { askNodes, type ClusterNode, cannotReach, readNodes } from './nodes';

/** What is added. */
export interface Addition {
  readonly node: NodeAddress;
  /** The address by which workers reach the coordinator; needed while the cluster does not know it. */
  readonly coordinator: NodeAddress;
  /** How reference tables are copied there. */
  readonly mode: TransferMode;
}

/** What was done: `added`, or `taken back` when it was a node that took no shards. */
export type Added = 'added' | 'taken back' | 'nothing';

/**
 * Adds the node, and copies the reference tables to it.
 * @throws RefusedError when something is missing, before anything is changed.
 */
export async function addNode(db: Client, citusVersion: string, addition: Addition): Promise<Added> {
  const { node, coordinator, mode } = addition;
  const nodes = await readNodes(db);
  const known = nodes.find((one) => isSame(one, node));
  if (known?.isCoordinator)
    throw new RefusedError(
      `${addressText(node)} is the coordinator; it takes shards only when you let it: SELECT citus_set_node_property(…, 'shouldhaveshards', true)`,
    );
  if (known?.active && known.takesShards) return 'nothing';
  await requireSuitable(db, citusVersion, node);
  const first = nodes.find(({ isCoordinator }) => isCoordinator) ?? coordinator;
  consequences(await unsuited(db, await referenceTables(db)), mode);
  await requireConnected(db, [first, ...nodes.filter((one) => !one.isCoordinator && one.active)], node);
  if (!nodes.some(({ isCoordinator }) => isCoordinator))
    await db.query('SELECT pg_catalog.citus_set_coordinator_host($1, $2)', [first.host, first.port]);
  if (known === undefined) await db.query('SELECT pg_catalog.citus_add_node($1, $2)', [node.host, node.port]);
  else await takeBack(db, known);
  await db.query('SELECT pg_catalog.replicate_reference_tables($1::citus.shard_transfer_mode)', [mode]);
  return known === undefined ? 'added' : 'taken back';
}

async function referenceTables(db: Client): Promise<readonly string[]> {
  const { rows } = await db.query<{ table: string }>(
    `SELECT logicalrelid::text AS table FROM pg_catalog.pg_dist_partition WHERE partmethod = 'n' AND repmodel = 't'`,
  );
  return rows.map(({ table }) => table);
}

async function takeBack(db: Client, { host, port, active }: ClusterNode): Promise<void> {
  if (!active) await db.query('SELECT pg_catalog.citus_activate_node($1, $2)', [host, port]);
  await db.query(`SELECT pg_catalog.citus_set_node_property($1, $2, 'shouldhaveshards', true)`, [host, port]);
}

interface Facts {
  readonly server: number;
  readonly citus: string | null;
  readonly standby: boolean;
  readonly prepared: number;
  readonly tables: number;
}

// Tables of a former member are those of Citus, which adding it again replaces. Nobody else's may be touched.
const FACTS = `SELECT json_build_object(
  'server', current_setting('server_version_num')::int / 10000,
  'citus', (SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'citus'),
  'standby', pg_catalog.pg_is_in_recovery(),
  'prepared', current_setting('max_prepared_transactions')::int,
  'tables', (SELECT count(*) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_|^information_schema$' AND NOT EXISTS (
                SELECT FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')))`;

// Only where the extension is; a database without it has no such table.
const COORDINATES = `SELECT count(*) FROM pg_catalog.pg_dist_node
  WHERE groupid <> 0 AND (SELECT groupid = 0 FROM pg_catalog.pg_dist_local_group)`;

async function requireSuitable(db: Client, citusVersion: string, node: NodeAddress): Promise<void> {
  const name = addressText(node);
  const [answer] = await askNodes(db, [node], FACTS);
  if (answer === undefined || 'fault' in answer)
    throw new RefusedError(
      `${name} cannot be used: ${answer?.fault}. A database of the same name must be there and let the login of the coordinator in; docs/cluster.md says how the nodes get their passwords`,
    );
  const facts = JSON.parse(answer.text) as Facts;
  const { rows } = await db.query<{ server: number; connections: number }>(
    `SELECT current_setting('server_version_num')::int / 10000 AS server, current_setting('max_connections')::int AS connections`,
  );
  const here = rows[0] ?? { server: 0, connections: 0 };
  if (facts.citus === null)
    throw new RefusedError(
      `the database on ${name} lacks the extension; run CREATE EXTENSION citus there (version ${citusVersion})`,
    );
  if (facts.citus !== citusVersion || facts.server !== here.server)
    throw new RefusedError(
      `${name} has PostgreSQL ${facts.server} with Citus ${facts.citus}, and the coordinator PostgreSQL ${here.server} with Citus ${citusVersion}; all nodes must have the same versions`,
    );
  if (facts.standby)
    throw new RefusedError(`${name} is a standby, which takes no writes; give the address of its primary`);
  if (facts.prepared < here.connections)
    throw new RefusedError(
      `max_prepared_transactions is ${facts.prepared} on ${name}; writes to several nodes need one for each session of the coordinator: set it to ${here.connections} or more, and restart that server`,
    );
  await requireNobodyElses(db, node, facts.tables);
}

/** Adding a node replaces what the database has of a cluster, so it must not be that of another one. */
async function requireNobodyElses(db: Client, node: NodeAddress, tables: number): Promise<void> {
  const name = addressText(node);
  const [workers] = await askNodes(db, [node], COORDINATES);
  if (workers !== undefined && 'text' in workers && workers.text !== '0')
    throw new RefusedError(
      `the database on ${name} is the coordinator of a cluster of its own, with ${counted(Number(workers.text), 'worker')}; use an empty database`,
    );
  const [members] = await askNodes(
    db,
    [node],
    `SELECT string_agg(nodename || ':' || nodeport, ', ') FROM pg_catalog.pg_dist_node WHERE groupid = 0`,
  );
  const { rows } = await db.query<{ coordinator: string }>(
    `SELECT nodename || ':' || nodeport AS coordinator FROM pg_catalog.pg_dist_node WHERE groupid = 0`,
  );
  const other = members !== undefined && 'text' in members ? members.text : '';
  if (other !== '' && other !== rows[0]?.coordinator)
    throw new RefusedError(
      `the database on ${name} is that of a worker of another cluster, whose coordinator is ${other}; use an empty database`,
    );
  if (other === '' && tables > 0)
    throw new RefusedError(
      `the database on ${name} is not empty: it has ${counted(tables, 'table')}, which would be in the way of those of the cluster; use an empty database`,
    );
}

/** Shards move directly from node to node, and a session on any node may write to every other. */
async function requireConnected(
  db: Client,
  nodes: readonly NodeAddress[],
  added: NodeAddress,
): Promise<void> {
  const name = addressText(added);
  const there = await cannotReach(db, nodes, added);
  for (const [at, fault] of there.entries())
    if (fault !== undefined)
      throw new RefusedError(
        `node ${addressText(nodes[at] as NodeAddress)} does not reach ${name}: ${fault}; every node must reach every other one`,
      );
  for (const node of nodes) {
    const [fault] = await cannotReach(db, [added], node);
    if (fault !== undefined)
      throw new RefusedError(
        `${name} does not reach ${addressText(node)}: ${fault}; every node must reach every other one (--coordinator HOST:PORT tells the address of the coordinator)`,
      );
  }
}
