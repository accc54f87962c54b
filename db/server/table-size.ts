// Reads from the catalog how big tables and stored aggregates are. Hazards that rewrite or delete rows show these figures.
import { nameOf } from '../language/names';
import type { Db, EngineName, Impact } from '../model';
import { hasTimescaledb } from './server-info';

/** The size of a table, or of the stored buckets of an aggregate; `rows` is an estimate. */
export interface TableSize extends Impact {
  /** The part of it that is in the columnstore. */
  readonly compressed: Impact;
  /** Whether chunks may be converted to columnstore. */
  readonly columnstore: boolean;
}

export const NOTHING: TableSize = {
  chunks: 0,
  rows: 0,
  bytes: 0,
  compressed: { chunks: 0, rows: 0, bytes: 0 },
  columnstore: false,
};

// Estimates rows as the planner does: rows per page at the last ANALYZE times the present number of pages. Without an ANALYZE
// the width of a row is guessed, with 32 bytes for a variable column and 28 bytes of overhead. `c` is the relation.
export const ESTIMATE = (c: string): string => `
  coalesce(CASE WHEN ${c}.reltuples > 0 AND ${c}.relpages > 0
                THEN ${c}.reltuples / ${c}.relpages * (pg_relation_size(${c}.oid) / current_setting('block_size')::int)
                ELSE pg_relation_size(${c}.oid)
                     / (SELECT 28 + sum(CASE WHEN w.attlen > 0 THEN w.attlen ELSE 32 END) FROM pg_attribute w
                         WHERE w.attrelid = ${c}.oid AND w.attnum > 0 AND NOT w.attisdropped)
           END, 0)`;

// The heap of a converted chunk holds only rows that were written after the conversion; the others were counted at the
// conversion. chunk_id_from_relid is used because the columns that name a chunk in the internal catalog differ by version.
const TIMESCALE_CHUNKS = `
  SELECT t.name, t.columnstore, c.oid::regclass AS chunk, k.is_compressed AS compressed,
         ${ESTIMATE('c')} + coalesce(z.numrows_pre_compression, 0) AS rows,
         pg_total_relation_size(c.oid) + coalesce(pg_total_relation_size(s.compress_relid), 0) AS bytes
    FROM (SELECT format('%s.%s', hypertable_schema, hypertable_name) AS name, hypertable_schema AS owner_schema, hypertable_name AS owner,
                 compression_enabled AS columnstore
            FROM timescaledb_information.hypertables
           UNION ALL
          SELECT format('%s.%s', view_schema, view_name), materialization_hypertable_schema, materialization_hypertable_name, compression_enabled
            FROM timescaledb_information.continuous_aggregates) t
    LEFT JOIN timescaledb_information.chunks k ON (k.hypertable_schema, k.hypertable_name) = (t.owner_schema, t.owner)
    -- Not format(), which fails for the NULL of a table without chunks.
    LEFT JOIN pg_class c ON c.oid = (quote_ident(k.chunk_schema) || '.' || quote_ident(k.chunk_name))::regclass
    LEFT JOIN _timescaledb_catalog.compression_settings s ON s.relid = c.oid AND s.compress_relid IS NOT NULL
    LEFT JOIN _timescaledb_catalog.compression_chunk_size z ON k.is_compressed AND z.chunk_id = _timescaledb_functions.chunk_id_from_relid(c.oid)
   UNION ALL
  SELECT format('%s.%s', n.nspname, c.relname), false, c.oid::regclass, false, ${ESTIMATE('c')}, pg_total_relation_size(c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind = 'r' AND NOT EXISTS (SELECT FROM timescaledb_information.hypertables h WHERE (h.hypertable_schema, h.hypertable_name) = (n.nspname, c.relname))`;

/** Where the figures of a relation `p.relid` come from: on engine `citus` from all nodes. Empty chunks are left out. */
const LOCAL_FIGURES = `
    -- Empty chunks are made ahead of time and cost nothing to rewrite.
    LEFT JOIN LATERAL (SELECT c.oid, ${ESTIMATE('c')} AS rows, pg_total_relation_size(c.oid) AS bytes
                         FROM pg_class c WHERE c.oid = p.relid AND pg_relation_size(c.oid) > 0) f ON true`;
const CITUS_FIGURES = `
    LEFT JOIN (SELECT s.relation AS oid, s.rows, s.bytes FROM tsdb.stored_size() s WHERE s.heap > 0) f ON f.oid = p.relid`;

const POSTGRES_CHUNKS = (aggregates: boolean, figures = LOCAL_FIGURES): string => `
  SELECT t.name, false AS columnstore, f.oid::regclass AS chunk, false AS compressed, f.rows, f.bytes
    FROM (SELECT format('%s.%s', n.nspname, r.relname) AS name, r.oid FROM pg_class r JOIN pg_namespace n ON n.oid = r.relnamespace
           WHERE r.relkind IN ('r', 'p')
          ${aggregates ? `UNION ALL SELECT format('%s.%s', schema_name, view_name), to_regclass(format('tsdb.%I', materialization)) FROM tsdb.continuous_aggregate` : ''}) t
    -- A table that is not partitioned has no tree and is its own leaf.
    LEFT JOIN LATERAL (SELECT relid FROM pg_partition_tree(t.oid) WHERE isleaf UNION SELECT t.oid) p ON true
    ${figures}`;

/** Sizes of the tables and aggregates by name, in one query. Objects that do not exist are left out. */
export async function readTableSizes(
  db: Db,
  engine: EngineName,
  objects: readonly { readonly schema: string; readonly name: string }[],
): Promise<ReadonlyMap<string, TableSize>> {
  if (objects.length === 0) return new Map();
  const { rows } = await db.query<{ name: string; columnstore: boolean; all: Impact; compressed: Impact }>(
    `SELECT name, bool_or(columnstore) AS columnstore, ${IMPACT()} AS all, ${IMPACT('FILTER (WHERE compressed)')} AS compressed
       FROM (${await chunksOf(db, engine)}) x WHERE name = ANY ($1) GROUP BY name ORDER BY name`,
    [objects.map(nameOf)],
  );
  return new Map(rows.map(({ name, all, ...rest }) => [name, { ...all, ...rest }]));
}

/** The size of the given chunks, summed per table or aggregate. A chunk is named `schema.name`, quoted where needed. */
export async function readChunkImpact(
  db: Db,
  engine: EngineName,
  chunks: readonly string[],
): Promise<ReadonlyMap<string, Impact>> {
  if (chunks.length === 0) return new Map();
  const { rows } = await db.query<{ name: string; impact: Impact }>(
    `SELECT name, ${IMPACT()} AS impact FROM (${await chunksOf(db, engine)}) x WHERE chunk = ANY ($1::regclass[]) GROUP BY name ORDER BY name`,
    [chunks],
  );
  return new Map(rows.map(({ name, impact }) => [name, impact]));
}

const IMPACT = (filter = ''): string =>
  `json_build_object('chunks', count(chunk) ${filter}, 'rows', coalesce(sum(rows) ${filter}, 0)::bigint, 'bytes', coalesce(sum(bytes) ${filter}, 0)::bigint)`;

async function chunksOf(db: Db, engine: EngineName): Promise<string> {
  // Before the first apply the extension does not exist, so there are only ordinary tables.
  if (engine === 'timescaledb') return (await hasTimescaledb(db)) ? TIMESCALE_CHUNKS : POSTGRES_CHUNKS(false);
  const { rows } = await db.query<{ present: boolean }>(
    `SELECT to_regclass('tsdb.continuous_aggregate') IS NOT NULL AS present`,
  );
  const present = rows[0]?.present === true;
  return POSTGRES_CHUNKS(present, present && engine === 'citus' ? CITUS_FIGURES : LOCAL_FIGURES);
}
