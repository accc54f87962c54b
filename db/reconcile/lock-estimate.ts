// Estimates, while planning, whether the server has room for the locks of steps that lock every chunk of a table.
import { counted } from '../core/quantities';
import type { Desired } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, EngineName, Step } from '../model';
import { readTableSizes } from '../server/table-size';

/**
 * Warnings about steps that probably fail with "out of shared memory" (53200), because a transaction keeps a lock on each chunk that it
 * changes. Locks of other sessions need room too and are not counted, so this is a lower bound. Without such steps, nothing is read.
 */
export async function lockWarnings(db: Db, { engine, desired, steps }: Planned): Promise<readonly string[]> {
  const locking = steps.filter(({ id }) => LOCKS_EVERY_CHUNK.test(id));
  if (locking.length === 0) return [];
  const tables = desired.hypertables.filter((table) =>
    locking.some(({ object }) => object === nameOf(table)),
  );
  const sizes = await readTableSizes(db, engine, tables);
  const { rows } = await db.query<Room>(ROOM, [tables.map(nameOf)]);
  const rooms = new Map(rows.map((row) => [row.name, row]));
  const short = new Map<string, readonly [needed: number, room: Room]>();
  for (const { id, object } of locking) {
    const room = rooms.get(object);
    if (room === undefined) continue;
    // Each chunk gets an index of its own, or what is converted of it changes too.
    const more = id.startsWith('create-index:') ? room.chunks : sizes.get(object)?.compressed.chunks;
    const needed = 1 + room.chunks + (more ?? 0);
    if (needed > room.capacity && needed > (short.get(object)?.[0] ?? 0)) short.set(object, [needed, room]);
  }
  return [...short].map(
    ([object, [needed, { chunks, capacity, perTransaction, sessions }]]) =>
      `changing ${object} takes about ${needed} locks in one transaction (${counted(chunks, 'chunk')}), and this server has room for about ${capacity} of all sessions: the step probably fails with "out of shared memory". Set max_locks_per_transaction to at least ${Math.ceil((needed * 1.25) / sessions)} (now ${perTransaction}) and restart the server, or keep fewer chunks (a longer chunkInterval, or retention)`,
  );
}

/** What is planned on which server. */
interface Planned {
  readonly engine: EngineName;
  readonly desired: Desired;
  readonly steps: readonly Step[];
}

const LOCKS_EVERY_CHUNK =
  /^(add-column|column-type|column-default|column-nullable|column-not-null|create-index):/;

interface Room {
  readonly name: string;
  readonly chunks: number;
  readonly capacity: number;
  readonly perTransaction: number;
  /** Number of processes that may hold locks. */
  readonly sessions: number;
}

// The server sizes its table of locks for so many of each process that it can start.
const ROOM = `
  SELECT t.name, t.chunks, s.sessions, s.each AS "perTransaction", s.each * s.sessions AS capacity
    FROM (SELECT format('%s.%s', n.nspname, c.relname) AS name, count(k.relid)::int AS chunks
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN LATERAL (SELECT h.inhrelid AS relid FROM pg_inherits h WHERE h.inhparent = c.oid AND c.relkind = 'r'
                           UNION ALL SELECT p.relid FROM pg_partition_tree(c.oid) p WHERE c.relkind = 'p' AND p.level > 0) k ON true
           WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) GROUP BY 1) t,
         (SELECT max(setting::int) FILTER (WHERE name = 'max_locks_per_transaction') AS each,
                 (sum(setting::int) FILTER (WHERE name <> 'max_locks_per_transaction'))::int AS sessions
            FROM pg_settings
           WHERE name IN ('max_locks_per_transaction', 'max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders')
              OR name = (SELECT max(name) FROM pg_settings WHERE name IN ('autovacuum_max_workers', 'autovacuum_worker_slots'))) s
   ORDER BY 1`;
