// Reads the chunks of tables and aggregates, their sizes, and how much the columnstore saves.
// Role `tsdb_reader` may read all of this, because everybody may read sizes and TimescaleDB's catalog.
import type { EngineName } from '../model';
import { type Ask, isoText } from '../server/ask';
import { IS_COLUMNAR } from './citus/columnar';

/** A part of a table with the rows of one time range. */
export interface Chunk {
  /** `_timescaledb_internal._hyper_1_1_chunk` */
  readonly name: string;
  /** Time range with inclusive start and exclusive end, ISO 8601 UTC; null when it has no bound. */
  readonly from: string | null;
  readonly to: string | null;
  /** Size on disk, including indexes and columnstore; null when the chunk has just been dropped. */
  readonly bytes: number | null;
  /** Whether it is in the columnstore. Rows that were added later may still be outside. */
  readonly compressed: boolean;
}

/** The chunks of a table, or of the stored buckets of an aggregate. */
export interface TableChunks {
  readonly table: string;
  /** Number of all chunks. */
  readonly total: number;
  /** Size of the whole table on disk. On engine `postgres` it includes rows outside of chunks and stored buckets, which have no chunks. */
  readonly bytes: number;
  /** The newest chunks, newest first, at most as many as requested. */
  readonly chunks: readonly Chunk[];
}

/** How much the columnstore saves for a table, or for the stored buckets of an aggregate. */
export interface TableCompression {
  readonly table: string;
  readonly chunks: number;
  readonly compressedChunks: number;
  /** Bytes of the compressed chunks before and after their conversion; null when the server has no record of that. */
  readonly beforeBytes: number | null;
  readonly afterBytes: number | null;
}

// Each requested name with the table that holds its rows; NULL for a name that is not in the database.
const TIMESCALE_TABLES = `
  SELECT a.name, a.nth, r.schema_name, r.table_name, r.stored, coalesce(pg_total_relation_size(r.stored), 0) AS own_bytes
    FROM unnest($1::text[]) WITH ORDINALITY AS a (name, nth)
    LEFT JOIN (SELECT format('%s.%s', h.hypertable_schema, h.hypertable_name) AS name, h.hypertable_schema AS schema_name, h.hypertable_name AS table_name,
                      to_regclass(format('%I.%I', h.hypertable_schema, h.hypertable_name)) AS stored
                 FROM timescaledb_information.hypertables h
                UNION ALL
               SELECT format('%s.%s', c.view_schema, c.view_name), c.materialization_hypertable_schema, c.materialization_hypertable_name,
                      to_regclass(format('%I.%I', c.materialization_hypertable_schema, c.materialization_hypertable_name))
                 FROM timescaledb_information.continuous_aggregates c) r ON r.name = a.name`;

/** SQL for the bytes of a relation. On engine `citus`, the CTE `stored` has those of all nodes, and is read once. */
type SizeOf = (oid: string) => string;
const localSize: SizeOf = (oid) => `pg_total_relation_size(${oid})`;
const citusSize: SizeOf = (oid) => `(SELECT s.bytes FROM stored s WHERE s.relation = ${oid})`;
const STORED = 'stored AS MATERIALIZED (SELECT relation, bytes FROM tsdb.stored_size()),';

// Rows without a chunk wait in the default partition of a table. Stored buckets are one table without chunks.
const postgresTables = (size: SizeOf): string => `
  SELECT a.name, a.nth, r.schema_name, r.table_name,
         (SELECT coalesce(sum(${size('o.oid')}), 0)
            FROM (SELECT r.stored::oid AS oid
                   UNION ALL
                  SELECT d.oid FROM pg_inherits i JOIN pg_class d ON d.oid = i.inhrelid
                   WHERE i.inhparent = r.stored AND pg_get_expr(d.relpartbound, d.oid) = 'DEFAULT') o) AS own_bytes
    FROM unnest($1::text[]) WITH ORDINALITY AS a (name, nth)
    LEFT JOIN (SELECT format('%s.%s', h.schema_name, h.table_name) AS name, h.schema_name, h.table_name,
                      to_regclass(format('%I.%I', h.schema_name, h.table_name)) AS stored
                 FROM tsdb.hypertable h
                UNION ALL
               SELECT format('%s.%s', c.schema_name, c.view_name), NULL, NULL, to_regclass(format('tsdb.%I', c.materialization))
                 FROM tsdb.continuous_aggregate c) r ON r.name = a.name`;

// The view of chunks is read once for all tables. TimescaleDB's function for sizes, which includes the columnstore, takes one table.
const TIMESCALE_CHUNKS = `
  SELECT a.name, format('%s.%s', k.chunk_schema, k.chunk_name) AS chunk, k.range_start, k.range_end, k.is_compressed AS compressed, d.total_bytes AS bytes
    FROM asked a
    JOIN timescaledb_information.chunks k ON (k.hypertable_schema, k.hypertable_name) = (a.schema_name, a.table_name)
    LEFT JOIN (SELECT s.* FROM asked t, LATERAL public.chunks_detailed_size(t.stored) s) d ON (d.chunk_schema, d.chunk_name) = (k.chunk_schema, k.chunk_name)`;

const postgresChunks = (size: SizeOf, compressed = 'false'): string => `
  SELECT a.name, format('%s.%s', n.nspname, c.relname) AS chunk, k.range_start, k.range_end, ${compressed} AS compressed,
         (SELECT sum(${size('p.relid')}) FROM pg_partition_tree(c.oid) p) AS bytes
    FROM asked a
    JOIN tsdb.chunk k ON (k.schema_name, k.table_name) = (a.schema_name, a.table_name)
    JOIN pg_class c ON c.oid = k.chunk
    JOIN pg_namespace n ON n.oid = c.relnamespace`;

const chunksQuery = (tables: string, chunks: string, before = ''): string => `
  WITH ${before} asked AS MATERIALIZED (${tables}),
       numbered AS (SELECT c.*, row_number() OVER (PARTITION BY c.name ORDER BY c.range_start DESC NULLS LAST, c.chunk DESC) AS nth FROM (${chunks}) c)
  SELECT a.name AS "table", count(c.chunk)::int AS total, (a.own_bytes + coalesce(sum(c.bytes), 0))::float8 AS bytes,
         coalesce(json_agg(json_build_object('name', c.chunk, 'from', ${isoText('c.range_start')}, 'to', ${isoText('c.range_end')},
                                               'bytes', c.bytes, 'compressed', c.compressed) ORDER BY c.nth) FILTER (WHERE c.nth <= $2::int), '[]') AS chunks
    FROM asked a LEFT JOIN numbered c ON c.name = a.name
   GROUP BY a.name, a.nth, a.own_bytes ORDER BY a.nth`;

const CHUNKS: Readonly<Record<EngineName, string>> = {
  timescaledb: chunksQuery(TIMESCALE_TABLES, TIMESCALE_CHUNKS),
  postgres: chunksQuery(postgresTables(localSize), postgresChunks(localSize)),
  citus: chunksQuery(postgresTables(citusSize), postgresChunks(citusSize, IS_COLUMNAR('c')), STORED),
};

const COMPRESSION: Readonly<Record<EngineName, string>> = {
  timescaledb: `
    WITH asked AS MATERIALIZED (${TIMESCALE_TABLES})
    SELECT a.name AS "table", coalesce(k.chunks, 0)::int AS chunks, coalesce(s.number_compressed_chunks, 0)::int AS "compressedChunks",
           CASE WHEN s.number_compressed_chunks > 0 THEN s.before_compression_total_bytes ELSE 0 END::float8 AS "beforeBytes",
           CASE WHEN s.number_compressed_chunks > 0 THEN s.after_compression_total_bytes ELSE 0 END::float8 AS "afterBytes"
      FROM asked a
      LEFT JOIN (SELECT c.hypertable_schema, c.hypertable_name, count(*) AS chunks FROM timescaledb_information.chunks c GROUP BY 1, 2) k
             ON (k.hypertable_schema, k.hypertable_name) = (a.schema_name, a.table_name)
      -- The function returns no row when the columnstore is off.
      LEFT JOIN LATERAL public.hypertable_columnstore_stats(a.stored) s ON true
     ORDER BY a.nth`,
  postgres: `
    SELECT a.name AS "table", count(k.chunk)::int AS chunks, 0 AS "compressedChunks", 0::float8 AS "beforeBytes", 0::float8 AS "afterBytes"
      FROM unnest($1::text[]) WITH ORDINALITY AS a (name, nth)
      LEFT JOIN tsdb.chunk k ON format('%s.%s', k.schema_name, k.table_name) = a.name
     GROUP BY a.name, a.nth ORDER BY a.nth`,
  citus: `
    WITH ${STORED}
         columnar AS MATERIALIZED (SELECT c.oid, ${citusSize('c.oid')} AS bytes, b.before_bytes
                                     FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'tsdb'
                                     LEFT JOIN tsdb.columnar_chunk b ON b.chunk = format('%I.%I', n.nspname, c.relname)
                                    WHERE ${IS_COLUMNAR('c')})
    SELECT a.name AS "table", count(k.chunk)::int AS chunks, count(c.oid)::int AS "compressedChunks",
           -- A chunk that was converted by other means has no record, and without it the sum would be wrong.
           CASE WHEN count(c.oid) = count(c.before_bytes) THEN coalesce(sum(c.before_bytes), 0) END::float8 AS "beforeBytes",
           CASE WHEN count(c.oid) = count(c.before_bytes) THEN coalesce(sum(c.bytes), 0) END::float8 AS "afterBytes"
      FROM unnest($1::text[]) WITH ORDINALITY AS a (name, nth)
      LEFT JOIN tsdb.chunk k ON format('%s.%s', k.schema_name, k.table_name) = a.name
      LEFT JOIN columnar c ON c.oid = k.chunk
     GROUP BY a.name, a.nth ORDER BY a.nth`,
};

/** The newest chunks of each named table and aggregate (`schema.name`), in the order of the names, with one query. */
export function readChunks(
  ask: Ask,
  engine: EngineName,
  names: readonly string[],
  newest: number,
): Promise<readonly TableChunks[]> {
  return ask<TableChunks>(CHUNKS[engine], [names, newest]);
}

/** How much the columnstore saves for each named table and aggregate, in the order of the names, with one query. */
export function readCompression(
  ask: Ask,
  engine: EngineName,
  names: readonly string[],
): Promise<readonly TableCompression[]> {
  return ask<TableCompression>(COMPRESSION[engine], [names]);
}

/** How much smaller compressed chunks are, in percent with one decimal; negative when they grew, null when there are none. */
export function savedPercent(
  compression: Pick<TableCompression, 'beforeBytes' | 'afterBytes'>,
): number | null {
  const { beforeBytes, afterBytes } = compression;
  if (beforeBytes === null || afterBytes === null || beforeBytes === 0) return null;
  return Math.round((1 - afterBytes / beforeBytes) * 1_000) / 10;
}
