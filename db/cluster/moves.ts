// Which shards would move, and what that means for those who write to them meanwhile.
import type { Client } from 'pg';
import { RefusedError } from '../core/errors';
import { counted } from '../core/quantities';
import { addressText, type NodeAddress } from './address';

/**
 * How Citus carries the rows of a shard over. `auto`: by logical replication; every table needs a replica identity.
 * `force_logical`: the same without that need. `block_writes`: by a copy.
 */
export const TRANSFER_MODES = ['auto', 'force_logical', 'block_writes'] as const;
export type TransferMode = (typeof TRANSFER_MODES)[number];

/** A shard that changes its node. */
export interface Move {
  readonly table: string;
  readonly shard: string;
  readonly bytes: number;
  readonly from: NodeAddress;
  readonly to: NodeAddress;
}

/** All moves, and the tables among them that not every mode suits. */
export interface MovePlan {
  readonly moves: readonly Move[];
  /** They have neither a primary key nor a replica identity: their updates and deletes cannot be replicated. */
  readonly withoutIdentity: readonly string[];
  /** Their inserts cannot be replicated. */
  readonly columnar: readonly string[];
}

interface MoveRow {
  readonly table: string;
  readonly shard: string;
  readonly bytes: string;
  readonly source: string;
  readonly source_port: number;
  readonly target: string;
  readonly target_port: number;
}

/** The moves that even the nodes out, or with `drainOnly` those that empty the nodes which take no shards. */
export async function planMoves(
  db: Client,
  { drainOnly }: { readonly drainOnly: boolean },
): Promise<MovePlan> {
  const { rows } = await db.query<MoveRow>(
    `SELECT table_name::text AS table, shardid::text AS shard, shard_size::text AS bytes, sourcename AS source,
            sourceport AS source_port, targetname AS target, targetport AS target_port
       FROM pg_catalog.get_rebalance_table_shards_plan(drain_only => $1)`,
    [drainOnly],
  );
  const moves = rows.map(
    (row): Move => ({
      table: row.table,
      shard: row.shard,
      bytes: Number(row.bytes),
      from: { host: row.source, port: row.source_port },
      to: { host: row.target, port: row.target_port },
    }),
  );
  const tables = [...new Set([...moves.map(({ table }) => table), ...(await missingReferences(db))])];
  return { moves, ...(await unsuited(db, tables)) };
}

/** Reference tables that some node does not have yet: every move begins with them. */
async function missingReferences(db: Client): Promise<readonly string[]> {
  const { rows } = await db.query<{ table: string }>(
    `SELECT p.logicalrelid::text AS table FROM pg_catalog.pg_dist_partition p
      WHERE p.partmethod = 'n' AND p.repmodel = 't' AND EXISTS (
        SELECT FROM pg_catalog.pg_dist_node n JOIN pg_catalog.pg_dist_shard s ON s.logicalrelid = p.logicalrelid
         WHERE n.noderole = 'primary' AND n.isactive AND n.shouldhaveshards AND NOT EXISTS (
           SELECT FROM pg_catalog.pg_dist_placement l WHERE l.shardid = s.shardid AND l.groupid = n.groupid))`,
  );
  return rows.map(({ table }) => table);
}

/** The tables, by what the server has, that lack a replica identity, and those that are columnar. */
export async function unsuited(
  db: Client,
  tables: readonly string[],
): Promise<Pick<MovePlan, 'withoutIdentity' | 'columnar'>> {
  const { rows } = await db.query<{ table: string; bare: boolean; columnar: boolean }>(
    `SELECT c.oid::regclass::text AS table, coalesce(a.amname = 'columnar', false) AS columnar,
            NOT (c.relreplident = 'f' OR EXISTS (
              SELECT FROM pg_catalog.pg_index i WHERE i.indrelid = c.oid AND i.indisvalid
                 AND (c.relreplident = 'd' AND i.indisprimary OR c.relreplident = 'i' AND i.indisreplident))) AS bare
       FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_am a ON a.oid = c.relam
      WHERE c.oid = ANY ($1::text[]::regclass[]) AND c.relkind = 'r' ORDER BY 1`,
    [tables],
  );
  const names = (which: 'bare' | 'columnar'): readonly string[] =>
    rows.filter((row) => row[which]).map(({ table }) => table);
  return { withoutIdentity: names('bare'), columnar: names('columnar') };
}

/**
 * What those who write to a shard notice while it moves, one sentence each; none means nothing.
 * @throws RefusedError when the server could not carry the moves out in this mode.
 */
export function consequences(plan: Omit<MovePlan, 'moves'>, mode: TransferMode): readonly string[] {
  if (mode === 'block_writes') return ['every write to a shard waits while that shard moves'];
  const { withoutIdentity, columnar } = plan;
  const bare = `${counted(withoutIdentity.length, 'table')} without a primary key or replica identity (${listed(withoutIdentity)})`;
  if (mode === 'auto' && withoutIdentity.length > 0)
    throw new RefusedError(
      `updates and deletes of ${bare} cannot be replicated while their shards move. Either give each one (ALTER TABLE … REPLICA IDENTITY FULL), or choose what writers notice: with --mode block_writes every write to a shard waits while that shard moves; with --mode force_logical rows are inserted all the time, and updates, deletes and INSERT … ON CONFLICT DO UPDATE of these tables fail for as long as their shard moves`,
    );
  return [
    ...(withoutIdentity.length > 0
      ? [`updates, deletes and INSERT … ON CONFLICT DO UPDATE of ${bare} fail while their shard moves`]
      : []),
    ...(columnar.length > 0
      ? [
          `inserts into ${counted(columnar.length, 'columnar table')} (${listed(columnar)}) fail while their shard moves; with --mode block_writes they wait`,
        ]
      : []),
  ];
}

const SHOWN = 5;
const listed = (names: readonly string[]): string =>
  [...names.slice(0, SHOWN), ...(names.length > SHOWN ? [`${names.length - SHOWN} more`] : [])].join(', ');

/** A group of moves with the same ends. */
export interface Route {
  readonly from: string;
  readonly to: string;
  readonly shards: number;
  readonly bytes: number;
}

/** The moves by their ends, as people read them. */
export function routes(moves: readonly Move[]): readonly Route[] {
  const found = new Map<string, Route>();
  for (const { from, to, bytes } of moves) {
    const ends = { from: addressText(from), to: addressText(to) };
    const before = found.get(`${ends.from} ${ends.to}`) ?? { ...ends, shards: 0, bytes: 0 };
    found.set(`${ends.from} ${ends.to}`, {
      ...before,
      shards: before.shards + 1,
      bytes: before.bytes + bytes,
    });
  }
  return [...found.values()];
}
