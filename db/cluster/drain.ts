// Empties a node while rows are written, and removes it when it is empty.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { DatabaseError, RefusedError, UsageError } from '../core/errors';
import { counted } from '../core/quantities';
import { withRollback } from '../server/connection';
import { addressText, isSame, type NodeAddress } from './address';
import { type MovePlan, planMoves } from './moves';
import { askNodes, type ClusterNode, readNodes } from './nodes';
import { leftOvers, onlyThere } from './placements';

/**
 * The node to drain, which answers and is not the last one that takes shards.
 * @throws UsageError when the cluster has no such node, and RefusedError when it cannot be drained.
 */
export async function nodeToDrain(db: Client, address: NodeAddress): Promise<ClusterNode> {
  const nodes = await readNodes(db);
  const node = nodes.find((one) => isSame(one, address));
  if (node === undefined)
    throw new UsageError(
      `${addressText(address)} is no node of this cluster; its nodes are ${nodes.map(addressText).join(', ')}`,
    );
  const others = nodes.filter((one) => one.active && one.takesShards && one.id !== node.id);
  if (others.length === 0)
    throw new RefusedError(
      `${addressText(node)} is the last node that takes shards, so there is nowhere to move them; add another node first`,
    );
  const [answer] = await askNodes(db, [node], 'SELECT 1');
  if (answer === undefined || 'fault' in answer)
    throw new RefusedError(
      `${addressText(node)} does not answer (${answer?.fault}), and its shards exist nowhere else; start it again, or restore it from its backup`,
    );
  return node;
}

/** What would move if the node took no shards. Nothing is changed. */
export const planDrain = (db: Client, node: ClusterNode): Promise<MovePlan> =>
  withRollback(db, async () => {
    await refuseShards(db, node);
    return planMoves(db, { drainOnly: true });
  });

/** From now on the node gets no new shards. */
export async function refuseShards(db: Client, { host, port }: NodeAddress): Promise<void> {
  await db.query(`SELECT pg_catalog.citus_set_node_property($1, $2, 'shouldhaveshards', false)`, [
    host,
    port,
  ]);
}

/** Shards that a finished drain has left on the node, which should be none. */
export async function requireEmpty(db: Client, node: ClusterNode): Promise<void> {
  const left = await onlyThere(db, node.group);
  if (left > 0)
    throw new DatabaseError(
      `${counted(left, 'shard')} of ${addressText(node)} did not move and exist nowhere else; run the same command again`,
    );
}

/** How long a transaction under way may take to end before it is called left over. */
const PATIENCE_MS = 10_000;

/**
 * Takes an empty node out of the cluster.
 * @throws RefusedError when it still holds something that exists nowhere else.
 */
export async function removeNode(db: Client, node: ClusterNode): Promise<void> {
  const name = addressText(node);
  if (node.isCoordinator)
    throw new RefusedError(`${name} is the coordinator, without which there is no cluster`);
  await requireEmpty(db, node);
  await db.query('CALL pg_catalog.citus_cleanup_orphaned_resources()');
  const left = await leftOvers(db, node.group);
  if (left > 0)
    throw new RefusedError(
      `${name} still holds ${counted(left, 'object')} that moves left behind; the server drops them as soon as nobody reads them, so run this again later`,
    );
  await endPrepared(db, node);
  // It refuses by itself when a shard has come meanwhile.
  await db.query('SELECT pg_catalog.citus_remove_node($1, $2)', [node.host, node.port]);
}

/** The server forgets how transactions ended that a removed node has prepared, so there must be none. */
async function endPrepared(db: Client, node: ClusterNode): Promise<void> {
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    await db.query('SELECT pg_catalog.recover_prepared_transactions()');
    const [answer] = await askNodes(db, [node], OLD_PREPARED);
    if (answer !== undefined && 'text' in answer && answer.text === '0') return;
    if (Date.now() > end) {
      const what =
        answer !== undefined && 'text' in answer
          ? `holds ${answer.text} prepared`
          : 'does not say whether it holds';
      throw new RefusedError(
        `${addressText(node)} ${what} transactions whose end is not decided; look at pg_prepared_xacts there`,
      );
    }
    await sleep(500);
  }
}

// Younger ones belong to sessions that are about to commit.
const OLD_PREPARED = `SELECT count(*) FROM pg_catalog.pg_prepared_xacts
  WHERE database = pg_catalog.current_database() AND prepared < pg_catalog.now() - interval '5 s'`;
