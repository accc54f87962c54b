// tsdb cluster: the nodes of engine citus. What lies where, and adding, emptying and evening out nodes while rows are written.
import type { Client, ClientConfig } from 'pg';
import { addNode } from '../../db/cluster/add';
import { addressText, readAddress } from '../../db/cluster/address';
import { carryOut, type MoveJob } from '../../db/cluster/carry-out';
import { nodeToDrain, planDrain, refuseShards, removeNode, requireEmpty } from '../../db/cluster/drain';
import { consequences, type MovePlan, planMoves, routes, type TransferMode } from '../../db/cluster/moves';
import { requireCoordinator } from '../../db/cluster/nodes';
import { isClusterHealthy, readClusterStatus } from '../../db/cluster/status';
import { invocation } from '../../db/core/invocation';
import { counted, shortBytes } from '../../db/core/quantities';
import { withConnection } from '../../db/server/connection';
import { formatClusterStatus } from '../cluster/format-status';
import { readContext, requireConnection } from '../context';
import { note, print, printJson, table } from '../output';
import { INTERRUPTED } from '../run-to-exit';

export interface MoveFlags {
  readonly mode: TransferMode;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export interface AddFlags extends MoveFlags {
  readonly coordinator?: string;
  readonly rebalance?: boolean;
}

export interface DrainFlags extends MoveFlags {
  readonly remove?: boolean;
}

/** Prints the state of the cluster. Exit code 0, or 2 when something needs a person. */
export const clusterStatus = ({ json }: { readonly json?: boolean }): Promise<number> =>
  withCoordinator(async (db, version) => {
    const state = await readClusterStatus(db, version);
    if (json) printJson(state);
    else print(formatClusterStatus(state));
    return isClusterHealthy(state) ? 0 : 2;
  });

/** Adds a node, or takes a drained one back. Exit code 0, or 3 when refused. */
export const addClusterNode = (address: string, flags: AddFlags, signal: AbortSignal): Promise<number> => {
  const node = readAddress(address);
  return withCoordinator(async (db, version, connection) => {
    const coordinator =
      flags.coordinator === undefined
        ? { host: connection.host, port: connection.port }
        : readAddress(flags.coordinator);
    const done = await addNode(db, version, { node, coordinator, mode: flags.mode });
    if (flags.rebalance) {
      note(`${addressText(node)}: ${done === 'nothing' ? 'is a node already' : done}`);
      return rebalanceOn(db, flags, signal);
    }
    if (flags.json) printJson({ node: addressText(node), done });
    else
      print(
        done === 'nothing'
          ? `${addressText(node)} is a node already; nothing was changed`
          : `${addressText(node)} was ${done}; it gets shards of new tables, and of present ones with "${invocation('cluster rebalance')}"`,
      );
    return 0;
  });
};

/** Evens the nodes out. Exit code 0, 1 when moves failed, 3 when refused, 130 when it was stopped. */
export const rebalance = (flags: MoveFlags, signal: AbortSignal): Promise<number> =>
  withCoordinator((db) => rebalanceOn(db, flags, signal));

async function rebalanceOn(db: Client, flags: MoveFlags, signal: AbortSignal): Promise<number> {
  const plan = await planMoves(db, { drainOnly: false });
  describePlan(plan, flags);
  if (flags.dryRun) return 0;
  const job = await follow(db, flags, { drainOnly: false, signal });
  return finish(plan, flags, job);
}

/** Empties a node. Exit codes as of `rebalance`. */
export const drain = (address: string, flags: DrainFlags, signal: AbortSignal): Promise<number> =>
  withCoordinator(async (db) => {
    const node = await nodeToDrain(db, readAddress(address));
    const plan = await planDrain(db, node);
    describePlan(plan, flags);
    if (flags.dryRun) return 0;
    await refuseShards(db, node);
    const job = await follow(db, flags, { drainOnly: true, signal });
    if (job?.state === 'cancelled') {
      note(
        `${addressText(node)} takes no new shards; the same command goes on, and "${invocation(`cluster add ${addressText(node)}`)}" takes it back`,
      );
      return finish(plan, flags, job);
    }
    await requireEmpty(db, node);
    if (flags.remove) {
      await removeNode(db, node);
      note(`${addressText(node)} was removed; its server still runs, and holds nothing of the cluster`);
    }
    return finish(plan, flags, job);
  });

function describePlan(plan: MovePlan, { mode, dryRun, json }: MoveFlags): void {
  const noticed = plan.moves.length === 0 ? [] : consequences(plan, mode);
  for (const sentence of noticed) note(`note: ${sentence}`);
  if (json) {
    if (dryRun) printJson({ ...plan, consequences: noticed });
    return;
  }
  if (plan.moves.length === 0) {
    print('no shard has to move');
    return;
  }
  const rows = routes(plan.moves).map(({ from, to, shards, bytes }) => [
    from,
    to,
    String(shards),
    shortBytes(bytes),
  ]);
  print(table(['from', 'to', 'shards', 'size'], rows));
}

function follow(
  db: Client,
  { mode }: MoveFlags,
  { drainOnly, signal }: { readonly drainOnly: boolean; readonly signal: AbortSignal },
): Promise<MoveJob | undefined> {
  let said = '';
  const onProgress = (job: MoveJob): void => {
    const now = `job ${job.id} ${job.state}: ${job.done} of ${counted(job.tasks, 'step')} done${job.fault === null ? '' : `; it tries again after: ${job.fault}`}`;
    if (now !== said) note(now);
    said = now;
  };
  return carryOut(db, { mode, drainOnly, signal, onProgress });
}

function finish({ moves }: MovePlan, { json }: MoveFlags, job: MoveJob | undefined): number {
  const state = job?.state ?? 'nothing to move';
  if (json) printJson({ state, job: job?.id ?? null, steps: job?.done ?? 0, planned: moves.length });
  else if (job?.state === 'cancelled')
    print(`stopped after ${counted(job.done, 'step')}; every shard is complete on one node`);
  else if (job !== undefined) print(`${counted(moves.length, 'shard')} moved`);
  return job?.state === 'cancelled' ? INTERRUPTED : 0;
}

async function withCoordinator(
  work: (db: Client, citusVersion: string, connection: { host: string; port: number }) => Promise<number>,
): Promise<number> {
  const { config } = readContext();
  const connection: ClientConfig = requireConnection(config);
  return withConnection(connection, async (db) => {
    const version = await requireCoordinator(db);
    return work(db, version, { host: db.host, port: db.port });
  });
}
