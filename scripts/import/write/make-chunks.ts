// Makes the chunks that the rows of an import need, before the rows are written.
import { literal, relation } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import { nameOf } from '../../../db/language/names';
import type { Db } from '../../../db/model';
import { ensureChunksAt } from '../../../db/server/copy';
import type { CheckedRun } from '../check/check';

const AT_ONCE = 50;

/** Makes the chunks of engine `postgres`, which needs them before it takes rows. */
export async function makeChunks(run: CheckedRun): Promise<void> {
  if (run.destination.engine === 'timescaledb') return;
  await inParts(run, (times) => ensureChunksAt(run.db, run.options.table, times));
}

/**
 * Makes the chunks of TimescaleDB for several workers. It makes them by itself when rows come, but then the transaction that makes one
 * holds every other that needs a new one until its end, and the workers wait for each other. Where this fails, it still does.
 */
export async function makeChunksForWorkers(run: CheckedRun, workers: number): Promise<void> {
  if (run.destination.engine !== 'timescaledb' || workers === 1) return;
  await inParts(run, (times) => createChunks(run.db, run.options.table, times)).catch(() => undefined);
}

async function inParts(
  { checked }: CheckedRun,
  make: (times: readonly string[]) => Promise<void>,
): Promise<void> {
  const times = [...new Set(checked.batches.flatMap((batch) => batch.times))];
  for (let at = 0; at < times.length; at += AT_ONCE) await make(times.slice(at, at + AT_ONCE));
}

// Only for times without a chunk, and for tables that are partitioned by time alone. The server refuses a chunk that would touch another one.
async function createChunks(db: Db, table: Hypertable, times: readonly string[]): Promise<void> {
  await db.query(
    `WITH width AS (
       SELECT d.column_name, (extract(epoch FROM d.time_interval) * 1000000)::bigint AS micros FROM timescaledb_information.dimensions d
        WHERE format('%s.%s', d.hypertable_schema, d.hypertable_name) = $1 AND d.time_interval IS NOT NULL
          AND NOT EXISTS (SELECT FROM timescaledb_information.dimensions o
                           WHERE (o.hypertable_schema, o.hypertable_name) = (d.hypertable_schema, d.hypertable_name) AND o.dimension_number > 1)
     ), missing AS MATERIALIZED (
       SELECT DISTINCT w.column_name, w.micros, (extract(epoch FROM t) * 1000000)::bigint / w.micros * w.micros AS start FROM width w, unnest($2::timestamptz[]) t
        WHERE t > 'epoch' AND NOT EXISTS (SELECT FROM timescaledb_information.chunks k
                 WHERE format('%s.%s', k.hypertable_schema, k.hypertable_name) = $1 AND k.range_start <= t AND t < k.range_end)
     )
     SELECT made.chunk_id FROM missing m, LATERAL _timescaledb_functions.create_chunk(${literal(relation(table))}::regclass,
            jsonb_build_object(m.column_name, jsonb_build_array(m.start, m.start + m.micros))) made`,
    [nameOf(table), times],
  );
}
