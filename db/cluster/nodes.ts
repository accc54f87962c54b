// The nodes of a Citus cluster, what each of them says, and the refusal of everything that is no cluster.
import type { Client } from 'pg';
import { RefusedError } from '../core/errors';
import { withRollback } from '../server/connection';
import { readServer } from '../server/server-info';
import { addressText, isSame, type NodeAddress } from './address';

/** A node as the coordinator knows it. */
export interface ClusterNode extends NodeAddress {
  readonly id: number;
  /** Of the node and its standbys; the group of the coordinator is 0. */
  readonly group: number;
  readonly isCoordinator: boolean;
  /** False while the node is disabled: it takes part in nothing. */
  readonly active: boolean;
  /** Whether new shards are placed there, and shards are moved there. */
  readonly takesShards: boolean;
}

/**
 * The version of Citus, when the database is that of a coordinator.
 * @throws RefusedError when it is not.
 */
export async function requireCoordinator(db: Client): Promise<string> {
  const { engine, database, citusVersion } = await withRollback(db, () => readServer(db));
  if (engine !== 'citus')
    throw new RefusedError(
      `database ${database} is not a cluster: its engine is ${engine}, which has one server. Only engine citus has nodes; docs/cluster.md says how a cluster begins`,
    );
  const { rows } = await db.query<{ group: number }>(
    `SELECT groupid AS "group" FROM pg_catalog.pg_dist_local_group`,
  );
  if (rows[0]?.group !== 0)
    throw new RefusedError(
      `database ${database} is that of a worker; connect to the coordinator, which knows all nodes`,
    );
  return citusVersion ?? '';
}

/** The primary nodes, the coordinator first. */
export async function readNodes(db: Client): Promise<readonly ClusterNode[]> {
  const { rows } = await db.query<ClusterNode>(
    `SELECT nodeid AS id, groupid AS "group", nodename AS host, nodeport AS port, groupid = 0 AS "isCoordinator",
            isactive AS active, shouldhaveshards AS "takesShards"
       FROM pg_catalog.pg_dist_node WHERE noderole = 'primary' ORDER BY groupid`,
  );
  return rows;
}

/** What a node said to a query with one row and one column, or why it did not. */
export type Answer = { readonly text: string } | { readonly fault: string };

/**
 * Asks each address at the same time, with the login of this session; it need not be that of a node yet. A node that is away
 * costs the time of `citus.node_connection_timeout`.
 */
export async function askNodes(
  db: Client,
  addresses: readonly NodeAddress[],
  query: string,
): Promise<readonly Answer[]> {
  if (addresses.length === 0) return [];
  const { rows } = await db.query<NodeAddress & { success: boolean; result: string | null }>(
    `SELECT node_name AS host, node_port AS port, success, result
       FROM pg_catalog.master_run_on_worker($1::text[], $2::int[], $3::text[], true)`,
    [addresses.map(({ host }) => host), addresses.map(({ port }) => port), addresses.map(() => query)],
  );
  return addresses.map((address) => {
    const row = rows.find((one) => isSame(one, address));
    if (row?.success) return { text: row.result ?? '' };
    return { fault: row?.result ?? `${addressText(address)} did not answer` };
  });
}

/**
 * Which of the addresses cannot connect to `target`.
 * @returns why, by the position of the address; undefined for one that can.
 */
export async function cannotReach(
  db: Client,
  addresses: readonly NodeAddress[],
  target: NodeAddress,
): Promise<readonly (string | undefined)[]> {
  const host = target.host.replaceAll("'", "''");
  const answers = await askNodes(
    db,
    addresses,
    `SELECT pg_catalog.citus_check_connection_to_node('${host}', ${target.port})`,
  );
  return answers.map((answer) => {
    if ('fault' in answer) return answer.fault;
    return answer.text === 't' ? undefined : `it cannot connect to ${addressText(target)}`;
  });
}
