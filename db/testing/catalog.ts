// What a database holds, as sorted lines of text: two databases built in different ways can be compared.
import { type Dialect, dialectOf, type EngineName } from '../model';
import { withConnection } from '../server/connection';

const SHARED = `
  SELECT format('relation %s.%s %s', n.nspname, c.relname, c.relkind) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE '%timescaledb%' AND c.relkind IN ('r', 'p', 'v')
     AND NOT c.relispartition AND NOT SHARD
  UNION ALL
  SELECT format('column %s.%s.%s %s null=%s default=%s', n.nspname, c.relname, a.attname, format_type(a.atttypid, a.atttypmod), NOT a.attnotnull,
                pg_get_expr(d.adbin, d.adrelid))
    FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE '%timescaledb%' AND c.relkind IN ('r', 'p', 'v')
     AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition AND NOT SHARD
  UNION ALL
  SELECT format('index %s on %s', regexp_replace(pg_get_indexdef(x.indexrelid), '_idx\\d*', '_idx'), x.indisvalid)
    FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND n.nspname NOT LIKE '%timescaledb%' AND NOT c.relispartition AND NOT SHARD`;

const OF_ENGINE: Readonly<Record<Dialect, string>> = {
  timescaledb: `
    SELECT format('dimension %s.%s %s %s', hypertable_schema, hypertable_name, column_name, time_interval)
      FROM timescaledb_information.dimensions WHERE hypertable_schema NOT LIKE '%timescaledb%'
    UNION ALL
    SELECT format('columnstore %s %s %s', hypertable, segmentby, orderby) FROM timescaledb_information.hypertable_columnstore_settings
     WHERE hypertable::text NOT LIKE '%timescaledb%'
    UNION ALL
    SELECT format('aggregate %s.%s real-time=%s %s', view_schema, view_name, NOT materialized_only, view_definition)
      FROM timescaledb_information.continuous_aggregates
    UNION ALL
    SELECT format('job %s on %s.%s every %s %s', proc_name, hypertable_schema, hypertable_name, schedule_interval,
                  config - 'hypertable_id' - 'mat_hypertable_id') FROM timescaledb_information.jobs WHERE job_id >= 1000`,
  postgres: `
    SELECT format('dimension %s.%s %s %s', schema_name, table_name, time_column, chunk_interval) FROM tsdb.hypertable
    UNION ALL
    SELECT format('aggregate %s.%s real-time=%s %s %s', schema_name, view_name, real_time, refresh_query, pg_get_viewdef(format('%I.%I', schema_name, view_name)::regclass))
      FROM tsdb.continuous_aggregate
    UNION ALL
    SELECT format('job %s on %s.%s every %s from %s to %s after %s', kind, schema_name, object_name, schedule_interval, start_offset, end_offset, drop_after)
      FROM tsdb.job`,
};

/** The catalog of a database whose schema has been applied. */
export async function readCatalog(url: string, engine: EngineName): Promise<readonly string[]> {
  return withConnection(url, async (db) => {
    const { rows } = await db.query<{ format: string }>(
      `${SHARED.replaceAll('SHARD', engine === 'citus' ? 'relation_is_a_known_shard(c.oid)' : 'false')} UNION ALL ${OF_ENGINE[dialectOf(engine)]}`,
    );
    return rows.map((row) => row.format).sort();
  });
}
