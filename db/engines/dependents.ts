// Finds every aggregate that is built on a table, directly or not, declared or not.
import { type Db, type Dialect, dialectOf, type EngineName } from '../model';

/** An aggregate that holds figures of the rows of a table. */
export interface Dependent {
  /** `schema.name` */
  readonly name: string;
  /** Whether this session may write its stored buckets: it must be a member of the role that owns it. */
  readonly mayChange: boolean;
  /** Whether its buckets are those of `time_bucket(width, time)`, without an origin, an offset or a time zone. */
  readonly plainBuckets: boolean;
}

const MAY_CHANGE = (relation: string): string =>
  `pg_has_role((SELECT o.relowner FROM pg_class o WHERE o.oid = ${relation}::regclass), 'USAGE') AS "mayChange"`;

const DEPENDENTS: Readonly<Record<Dialect, string>> = {
  timescaledb: `
    WITH RECURSIVE built AS (
      SELECT c.mat_hypertable_id AS id, c.user_view_schema AS schema, c.user_view_name AS name, 1 AS depth
        FROM _timescaledb_catalog.continuous_agg c JOIN _timescaledb_catalog.hypertable h ON h.id = c.raw_hypertable_id
       WHERE (h.schema_name, h.table_name) = ($1, $2)
       UNION ALL
      SELECT c.mat_hypertable_id, c.user_view_schema, c.user_view_name, b.depth + 1
        FROM built b JOIN _timescaledb_catalog.continuous_agg c ON c.parent_mat_hypertable_id = b.id
    )
    SELECT format('%s.%s', b.schema, b.name) AS name, ${MAY_CHANGE(`format('%I.%I', b.schema, b.name)`)},
           f.bucket_origin IS NULL AND f.bucket_offset IS NULL AND f.bucket_timezone IS NULL AS "plainBuckets"
      FROM built b JOIN _timescaledb_catalog.continuous_aggs_bucket_function f ON f.mat_hypertable_id = b.id ORDER BY b.depth, 1`,
  postgres: `
    WITH RECURSIVE built AS (
      SELECT a.schema_name AS schema, a.view_name AS name, a.materialization, 1 AS depth
        FROM tsdb.continuous_aggregate a WHERE (a.source_schema, a.source_name) = ($1, $2)
       UNION ALL
      SELECT a.schema_name, a.view_name, a.materialization, b.depth + 1
        FROM built b JOIN tsdb.continuous_aggregate a ON (a.source_schema, a.source_name) = (b.schema, b.name)
    )
    SELECT format('%s.%s', b.schema, b.name) AS name, ${MAY_CHANGE(`format('tsdb.%I', b.materialization)`)}, true AS "plainBuckets"
      FROM built b ORDER BY b.depth, 1`,
};

/** The aggregates on a table, each after the one that it reads. */
export async function readDependents(
  db: Db,
  engine: EngineName,
  { schema, name }: { readonly schema: string; readonly name: string },
): Promise<readonly Dependent[]> {
  return (await db.query<Dependent>(DEPENDENTS[dialectOf(engine)], [schema, name])).rows;
}
