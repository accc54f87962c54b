// The state of a cluster: its nodes, what lies where, moves under way, and transactions whose end is not decided.
import type { Client } from 'pg';
import { addressText } from './address';
import { lastJob, type MoveJob } from './carry-out';
import { type Answer, askNodes, type ClusterNode, cannotReach, readNodes } from './nodes';

export interface ClusterStatus {
  readonly citusVersion: string;
  readonly nodes: readonly NodeState[];
  /** Pairs of nodes of which the first cannot connect to the second. */
  readonly cutOff: readonly { readonly from: string; readonly to: string }[];
  readonly tables: readonly TableState[];
  /** The last job of moves; null when there never was one. */
  readonly moves: MoveJob | null;
  /** Shards that no active node has: their rows are away. */
  readonly lostShards: readonly { readonly table: string; readonly shard: string }[];
}

export interface NodeState {
  readonly address: string;
  readonly role: 'coordinator' | 'worker';
  readonly state: 'answers' | 'does not answer' | 'disabled';
  readonly takesShards: boolean;
  readonly shards: number;
  /** Of these, shards that exist nowhere else. */
  readonly onlyThere: number;
  /** Null where the node does not answer. */
  readonly bytes: number | null;
  /** Transactions that this node has prepared for a session that ended, and that wait for recovery; null where it does not answer. */
  readonly undecided: number | null;
  /** Shards that moved away and will be dropped there. */
  readonly leftOver: number;
}

export interface TableState {
  readonly table: string;
  readonly kind: string;
  readonly distributionColumn: string | null;
  /** Tables of the same group have their rows of one value of that column on the same node. */
  readonly colocationGroup: number;
  readonly shards: number;
  readonly chunks: number;
}

/** Reads everything. A node that is away costs some seconds, and makes nothing fail. */
export async function readClusterStatus(db: Client, citusVersion: string): Promise<ClusterStatus> {
  const nodes = await readNodes(db);
  const active = nodes.filter((node) => node.active);
  const answers = new Map<number, Answer>();
  for (const [at, answer] of (await askNodes(db, active, UNDECIDED)).entries())
    answers.set((active[at] as ClusterNode).id, answer);
  const { rows: placed } = await db.query<Placed>(PLACED);
  const bytes = await bytesOf(db);
  const answering = active.filter(({ id }) => 'text' in (answers.get(id) ?? { fault: '' }));
  return {
    citusVersion,
    nodes: nodes.map((node) => nodeState(node, answers.get(node.id), placed, bytes)),
    cutOff: await cutOff(db, answering),
    tables: (await db.query<TableState>(TABLES)).rows,
    moves: (await lastJob(db)) ?? null,
    lostShards: (await db.query<{ table: string; shard: string }>(LOST)).rows,
  };
}

/** Whether nothing needs a person. */
export const isClusterHealthy = ({ nodes, cutOff, lostShards, moves }: ClusterStatus): boolean =>
  nodes.every(({ state, undecided }) => state === 'answers' && undecided === 0) &&
  cutOff.length === 0 &&
  lostShards.length === 0 &&
  moves?.state !== 'failed' &&
  moves?.state !== 'failing';

interface Placed {
  readonly group: number;
  readonly shards: number;
  readonly onlyThere: number;
  readonly leftOver: number;
}

// A session that commits needs an instant between preparing and committing.
const UNDECIDED = `SELECT count(*) FROM pg_catalog.pg_prepared_xacts
  WHERE database = pg_catalog.current_database() AND gid LIKE 'citus\\_%' AND prepared < pg_catalog.now() - interval '10 s'`;

const PLACED = `SELECT n.groupid AS "group", count(p.*)::int AS shards,
         count(p.*) FILTER (WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_dist_placement o
           WHERE o.shardid = p.shardid AND o.groupid <> p.groupid AND o.shardstate = 1))::int AS "onlyThere",
         (SELECT count(*) FROM pg_catalog.pg_dist_cleanup c WHERE c.node_group_id = n.groupid)::int AS "leftOver"
    FROM pg_catalog.pg_dist_node n LEFT JOIN pg_catalog.pg_dist_placement p ON p.groupid = n.groupid AND p.shardstate = 1
   WHERE n.noderole = 'primary' GROUP BY n.groupid`;

// A partitioned table counts once, with its chunks.
const TABLES = `SELECT p.logicalrelid::text AS table,
         CASE WHEN p.partmethod = 'h' THEN 'distributed' WHEN p.repmodel = 't' THEN 'reference' ELSE 'other' END AS kind,
         CASE WHEN p.partmethod = 'h' THEN pg_catalog.column_to_column_name(p.logicalrelid, p.partkey) END AS "distributionColumn",
         p.colocationid AS "colocationGroup",
         (SELECT count(*) FROM pg_catalog.pg_dist_shard s WHERE s.logicalrelid = p.logicalrelid)::int AS shards,
         (SELECT count(*) FROM pg_catalog.pg_inherits i WHERE i.inhparent = p.logicalrelid)::int AS chunks
    FROM pg_catalog.pg_dist_partition p JOIN pg_catalog.pg_class c ON c.oid = p.logicalrelid
   WHERE NOT c.relispartition ORDER BY p.colocationid, 1`;

const LOST = `SELECT s.logicalrelid::text AS table, s.shardid::text AS shard FROM pg_catalog.pg_dist_shard s
   WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_dist_placement p JOIN pg_catalog.pg_dist_node n ON n.groupid = p.groupid
     WHERE p.shardid = s.shardid AND p.shardstate = 1 AND n.noderole = 'primary' AND n.isactive) ORDER BY s.shardid`;

/** By address. Nodes that are away are missing. */
async function bytesOf(db: Client): Promise<ReadonlyMap<string, number>> {
  const { rows } = await db.query<{ host: string; port: number; bytes: string }>(
    `SELECT nodename AS host, nodeport AS port, sum(shard_size)::text AS bytes FROM pg_catalog.citus_shards GROUP BY 1, 2`,
  );
  return new Map(rows.map((row) => [addressText(row), Number(row.bytes)]));
}

function nodeState(
  node: ClusterNode,
  answer: Answer | undefined,
  placed: readonly Placed[],
  bytes: ReadonlyMap<string, number>,
): NodeState {
  const there = placed.find(({ group }) => group === node.group);
  const undecided = answer !== undefined && 'text' in answer ? Number(answer.text) : null;
  const speaks = undecided === null ? 'does not answer' : 'answers';
  return {
    address: addressText(node),
    role: node.isCoordinator ? 'coordinator' : 'worker',
    state: node.active ? speaks : 'disabled',
    takesShards: node.takesShards,
    shards: there?.shards ?? 0,
    onlyThere: there?.onlyThere ?? 0,
    bytes: undecided === null ? null : (bytes.get(addressText(node)) ?? 0),
    undecided,
    leftOver: there?.leftOver ?? 0,
  };
}

async function cutOff(db: Client, nodes: readonly ClusterNode[]): Promise<ClusterStatus['cutOff']> {
  const pairs: { from: string; to: string }[] = [];
  for (const to of nodes) {
    const from = nodes.filter(({ id }) => id !== to.id);
    for (const [at, fault] of (await cannotReach(db, from, to)).entries())
      if (fault !== undefined)
        pairs.push({ from: addressText(from[at] as ClusterNode), to: addressText(to) });
  }
  return pairs;
}
