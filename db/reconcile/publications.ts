// Warns of publications that contain chunks of hypertables. Logical replication sends the rows of a chunk under the name of the chunk,
// which another database does not have: its subscription fails, and nothing more arrives there.
import { invocation } from '../core/invocation';
import { type Desired, relationsOf } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, PlanDb } from '../model';

interface Published {
  readonly publication: string;
  readonly tables: readonly string[];
}

/** One warning for each publication with a hypertable, however it was chosen: by name, by schema, or as one of all tables. */
export async function publicationWarnings(
  db: Db,
  { extension }: Pick<PlanDb, 'extension'>,
  desired: Desired,
): Promise<readonly string[]> {
  const { rows } = extension
    ? await db.query<Published>(OF_TIMESCALEDB)
    : await db.query<Published>(OF_PARTITIONS, [relationsOf(desired).map(nameOf)]);
  return rows.map(({ publication, tables }) => {
    const way = extension
      ? 'Take them out of it'
      : 'Take them out of it, or set publish_via_partition_root and give the subscriber the same tables';
    return `publication ${publication} contains chunks of ${tables.join(', ')}: logical replication sends rows under the names of chunks, which the subscriber does not have, so its subscription fails and nothing more arrives there. ${way}; "${invocation('move')}" copies a running platform, and a physical standby serves reads`;
  });
}

// Hypertables of the materialised rows of an aggregate are named after it.
const OF_TIMESCALEDB = `
  WITH hypertable AS (
    SELECT to_regclass(format('%I.%I', h.schema_name, h.table_name)) AS id,
           format('%s.%s', coalesce(c.user_view_schema, h.schema_name), coalesce(c.user_view_name, h.table_name)) AS name
      FROM _timescaledb_catalog.hypertable h
      LEFT JOIN _timescaledb_catalog.continuous_agg c ON c.mat_hypertable_id = h.id
     WHERE h.compression_state <> 2)
  SELECT p.pubname AS publication, array_agg(DISTINCT h.name ORDER BY h.name) AS tables
    FROM pg_publication_tables p
    JOIN pg_class t ON t.relname = p.tablename AND t.relnamespace = (SELECT n.oid FROM pg_namespace n WHERE n.nspname = p.schemaname)
    LEFT JOIN pg_inherits i ON i.inhrelid = t.oid
    JOIN hypertable h ON h.id IN (t.oid, i.inhparent)
   GROUP BY 1 ORDER BY 1`;

// Partitions are only published under their own names when the publication says so.
const OF_PARTITIONS = `
  SELECT p.pubname AS publication, array_agg(DISTINCT format('%s.%s', rn.nspname, r.relname) ORDER BY format('%s.%s', rn.nspname, r.relname)) AS tables
    FROM pg_publication_tables p
    JOIN pg_namespace n ON n.nspname = p.schemaname
    JOIN pg_class t ON t.relname = p.tablename AND t.relnamespace = n.oid AND t.relispartition
    JOIN pg_class r ON r.oid = pg_partition_root(t.oid)
    JOIN pg_namespace rn ON rn.oid = r.relnamespace
   WHERE format('%s.%s', rn.nspname, r.relname) = ANY ($1)
   GROUP BY 1 ORDER BY 1`;
