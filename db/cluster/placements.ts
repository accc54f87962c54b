// What of the distributed tables lies on which node, from the catalog of the coordinator.
import type { Client } from 'pg';

/** Shards of a node's group that exist on no other node. */
export async function onlyThere(db: Client, group: number): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    `SELECT count(*)::text AS count FROM pg_catalog.pg_dist_placement p
      WHERE p.groupid = $1 AND p.shardstate = 1 AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_dist_placement o
         WHERE o.shardid = p.shardid AND o.groupid <> p.groupid AND o.shardstate = 1)`,
    [group],
  );
  return Number(rows[0]?.count);
}

/** Shards that moved away from a node and were not dropped there yet. */
export async function leftOvers(db: Client, group: number): Promise<number> {
  const { rows } = await db.query<{ count: string }>(
    'SELECT count(*)::text AS count FROM pg_catalog.pg_dist_cleanup WHERE node_group_id = $1',
    [group],
  );
  return Number(rows[0]?.count);
}
