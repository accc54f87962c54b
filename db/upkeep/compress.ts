// Converts chunks by hand, to the columnstore by age or back to rows by range. Each chunk has its own transaction.
import { messageOf } from '../core/errors';
import { literal } from '../core/sql';
import { IS_COLUMNAR } from '../engines/citus/columnar';
import type { ContinuousAggregate } from '../language/aggregate';
import type { Hypertable } from '../language/hypertable';
import { nameOf } from '../language/names';
import type { Db } from '../model';
import { isoText } from '../server/ask';
import { withTransaction } from '../server/connection';
import { withRetry } from '../server/retry';
import { hasTimescaledb } from '../server/server-info';

/** An object that can have a columnstore. */
export type Stored = Hypertable | ContinuousAggregate;

/** A chunk to be converted. */
export interface ChunkToConvert {
  /** `schema.name` of the declared table or aggregate. */
  readonly table: string;
  /** Quoted name of the chunk. */
  readonly chunk: string;
  /** Its range with inclusive start and exclusive end, ISO 8601 UTC; null when it has no bound. */
  readonly from: string | null;
  readonly to: string | null;
  /** `partial`: in the columnstore, except rows that were added later. */
  readonly state: 'rows' | 'columns' | 'partial';
  /** Size on disk, including indexes. */
  readonly bytes: number;
}

/** The result for one chunk. */
export interface Conversion extends Omit<ChunkToConvert, 'bytes'> {
  readonly beforeBytes: number;
  /** Null when it was not converted. */
  readonly afterBytes: number | null;
  readonly milliseconds: number;
  /** Why it was not converted; absent on success. */
  readonly error?: string;
}

export interface ConversionOptions {
  /** Stops the work after the present chunk. */
  readonly signal?: AbortSignal;
  readonly onDone?: (conversion: Conversion) => void;
  /** How long each try waits for the lock of a chunk, in milliseconds. */
  readonly lockTimeoutMs?: number;
  readonly attempts?: number;
}

export type Direction = 'columns' | 'rows';

// The columnstore part of a chunk is a separate table.
const TIMESCALE_SIZE = `(pg_total_relation_size(c.chunk) + coalesce((SELECT sum(pg_total_relation_size(s.compress_relid))
  FROM _timescaledb_catalog.compression_settings s WHERE s.relid = c.chunk AND s.compress_relid IS NOT NULL), 0))::float8`;

const TIMESCALE_CHUNKS = `
  SELECT c.owner AS "table", c.chunk::text, ${isoText('c.range_start')} AS "from", ${isoText('c.range_end')} AS "to", c.state, ${TIMESCALE_SIZE} AS bytes
    FROM (SELECT k.range_start, k.range_end, format('%I.%I', k.chunk_schema, k.chunk_name)::regclass AS chunk,
                 format('%s.%s', coalesce(g.view_schema, k.hypertable_schema), coalesce(g.view_name, k.hypertable_name)) AS owner,
                 CASE WHEN NOT k.is_compressed THEN 'rows'
                      WHEN _timescaledb_functions.chunk_status_text(format('%I.%I', k.chunk_schema, k.chunk_name)::regclass) && ARRAY['PARTIAL', 'UNORDERED'] THEN 'partial'
                      ELSE 'columns' END AS state
            FROM timescaledb_information.chunks k
            LEFT JOIN timescaledb_information.continuous_aggregates g
                   ON (g.materialization_hypertable_schema, g.materialization_hypertable_name) = (k.hypertable_schema, k.hypertable_name)) c
   WHERE c.owner = $1`;

const CITUS_SIZE = '(SELECT s.bytes FROM tsdb.stored_size() s WHERE s.relation = c.chunk)';
const CITUS_CHUNKS = `
  SELECT c.owner AS "table", c.chunk, ${isoText('c.range_start')} AS "from", ${isoText('c.range_end')} AS "to", c.state, coalesce(s.bytes, 0) AS bytes
    FROM (SELECT k.range_start, k.range_end, r.oid, format('%I.%I', n.nspname, r.relname) AS chunk, format('%s.%s', k.schema_name, k.table_name) AS owner,
                 CASE WHEN ${IS_COLUMNAR('r')} THEN 'columns' ELSE 'rows' END AS state
            FROM tsdb.chunk k JOIN pg_class r ON r.oid = k.chunk JOIN pg_namespace n ON n.oid = r.relnamespace) c
    LEFT JOIN tsdb.stored_size() s ON s.relation = c.oid
   -- Empty chunks would take more as columns.
   WHERE c.owner = $1 AND (c.state = 'columns' OR s.heap > 0)`;

const chunksOf = async (db: Db): Promise<string> =>
  (await hasTimescaledb(db)) ? TIMESCALE_CHUNKS : CITUS_CHUNKS;

/** Chunks, oldest first, that are not completely in the columnstore and whose rows are all older than an interval. */
export async function chunksToCompress(
  db: Db,
  table: Stored,
  olderThan: string,
): Promise<readonly ChunkToConvert[]> {
  const { rows } = await db.query<ChunkToConvert>(
    `${await chunksOf(db)} AND c.state <> 'columns' AND c.range_end <= now() - $2::interval ORDER BY c.range_start, c.chunk::text`,
    [nameOf(table), olderThan],
  );
  return rows;
}

/** Chunks in the columnstore that overlap a range, oldest first. */
export async function chunksToDecompress(
  db: Db,
  table: Stored,
  from: Date,
  to: Date,
): Promise<readonly ChunkToConvert[]> {
  const { rows } = await db.query<ChunkToConvert>(
    `${await chunksOf(db)} AND c.state <> 'rows' AND c.range_end > $2::timestamptz AND c.range_start < $3::timestamptz ORDER BY c.range_start, c.chunk::text`,
    [nameOf(table), from.toISOString(), to.toISOString()],
  );
  return rows;
}

/**
 * Converts chunks, and tries again when one is in use. A chunk that stays in use, or that the server refuses, is reported with
 * its error, and the others are still converted. A lost session, and a server that takes no writes, end the work with an error.
 */
export async function convertChunks(
  db: Db,
  direction: Direction,
  chunks: readonly ChunkToConvert[],
  options: ConversionOptions = {},
): Promise<readonly Conversion[]> {
  const conversions: Conversion[] = [];
  const way = (await hasTimescaledb(db)) ? TIMESCALE : CITUS;
  for (const chunk of chunks) {
    if (options.signal?.aborted) break;
    const conversion = await convertOne(
      db,
      { chunk, statements: way.statements(direction, chunk.state), size: way.size },
      options,
    );
    conversions.push(conversion);
    options.onDone?.(conversion);
  }
  return conversions;
}

interface Work {
  readonly chunk: ChunkToConvert;
  /** Each takes the name of the chunk. */
  readonly statements: readonly string[];
  /** SQL for the bytes of the chunk `c.chunk`. */
  readonly size: string;
}

async function convertOne(
  db: Db,
  { chunk: { bytes, ...chunk }, statements, size }: Work,
  { signal, lockTimeoutMs = 3_000, attempts = 10 }: ConversionOptions,
): Promise<Conversion> {
  const started = Date.now();
  const finish = (outcome: Pick<Conversion, 'afterBytes' | 'error'>): Conversion => ({
    ...chunk,
    beforeBytes: bytes,
    ...outcome,
    milliseconds: Date.now() - started,
  });
  try {
    await withRetry(
      () =>
        withTransaction(db, async () => {
          await db.query(`SET LOCAL lock_timeout = ${literal(`${lockTimeoutMs}ms`)}`);
          for (const statement of statements) await db.query(statement, [chunk.chunk]);
        }),
      { attempts, signal },
    );
    return finish({ afterBytes: await sizeOf(db, size, chunk.chunk) });
  } catch (error) {
    const { code } = (error ?? {}) as { readonly code?: unknown };
    if (typeof code !== 'string' || !/^[0-9A-Z]{5}$/.test(code) || /^(08|57P|25006)/.test(code)) throw error;
    return finish({ afterBytes: null, error: messageOf(error) });
  }
}

const TO_ROWS = 'CALL public.convert_to_rowstore($1::regclass, if_columnstore => true)';
// `if_not_columnstore`, because another session may already have converted the chunk.
const TO_COLUMNS = 'CALL public.convert_to_columnstore($1::regclass, if_not_columnstore => true)';

// A partial chunk is first turned into rows: merging in place can leave rows in the catalog at which a later restore fails.
const TIMESCALE = {
  statements: (direction: Direction, state: ChunkToConvert['state']): readonly string[] =>
    direction === 'rows' ? [TO_ROWS] : state === 'partial' ? [TO_ROWS, TO_COLUMNS] : [TO_COLUMNS],
  size: TIMESCALE_SIZE,
};

const CITUS = {
  statements: (direction: Direction): readonly string[] => [
    `SELECT tsdb.set_chunk_storage($1, '${direction === 'rows' ? 'heap' : 'columnar'}')`,
  ],
  size: CITUS_SIZE,
};

async function sizeOf(db: Db, size: string, chunk: string): Promise<number | null> {
  const { rows } = await db.query<{ bytes: number }>(
    `SELECT ${size} AS bytes FROM (SELECT to_regclass($1) AS chunk) c WHERE c.chunk IS NOT NULL`,
    [chunk],
  );
  return rows[0]?.bytes ?? null;
}

/** The server's job that converts chunks of a table by itself; undefined when there is none or it is paused. */
export async function columnstoreJob(
  db: Db,
  table: Stored,
): Promise<{ readonly id: number; readonly nextStart: string | null } | undefined> {
  const { rows } = await db.query<{ id: number; nextStart: string | null }>(
    (await hasTimescaledb(db)) ? TIMESCALE_JOB : CITUS_JOB,
    [nameOf(table)],
  );
  return rows[0];
}

const TIMESCALE_JOB = `
  SELECT j.job_id AS id, ${isoText('j.next_start')} AS "nextStart" FROM timescaledb_information.jobs j
   WHERE j.proc_name = 'policy_compression' AND j.scheduled AND format('%s.%s', j.hypertable_schema, j.hypertable_name) = $1`;
const CITUS_JOB = `
  SELECT job_id AS id, ${isoText('next_start')} AS "nextStart" FROM tsdb.job
   WHERE kind = 'columnstore' AND isfinite(next_start) AND format('%s.%s', schema_name, object_name) = $1`;
