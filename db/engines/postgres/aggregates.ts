// Continuous aggregates on plain PostgreSQL: a table, its refresh query, and a view that adds what is newer than the watermark.
import { ident, interval, literal, relation } from '../../core/sql';
import { readAttachments } from '../../kinds/aggregates/attachments';
import type { AggregateDialect, StoredAggregate } from '../../kinds/aggregates/model';
import { aggregateQuery } from '../../language/aggregate-sql';
import { placementOf } from '../../language/distribution';
import { materializationName } from '../../language/names';
import { distribute, storedIn } from '../citus/distribute';
import { type EmulatingEngine, key, refreshQuery, viewQuery } from './aggregate-sql';
import { createIndexes, drop, swap } from './aggregate-swap';
import { hasRuntime } from './runtime';

// Citus does not know that the two sides of a comparison may be computed apart, unless one of them has to be there first.
const RECOMPUTE: Readonly<Record<EmulatingEngine, string>> = {
  postgres: 'a.refresh_query',
  citus: `format('WITH recomputed AS MATERIALIZED (%s) SELECT * FROM recomputed', a.refresh_query)`,
};

// A row that waits in the default partition counts for the chunk that it would be in.
export const emulatedAggregates = (engine: EmulatingEngine): AggregateDialect => ({
  engine,
  emulated: 'continuous aggregates: tables with a watermark, refreshed by `tsdb jobs run`',
  async read(db, names) {
    if (!(await hasRuntime(db))) return [];
    const { rows } = await db.query<StoredAggregate>(
      `SELECT format('%s.%s', a.schema_name, a.view_name) AS name, a.real_time AS "realTime", a.refresh_query AS "refreshQuery", a.refresh_query AS query, ${RECOMPUTE[engine]} AS recompute,
              format('SELECT tstzrange(range_start, range_end) AS range FROM tsdb.chunk WHERE (schema_name, table_name) = (%L, %L)', a.source_schema, a.source_name)
              || CASE WHEN h.table_name IS NULL THEN '' ELSE format(' UNION SELECT tstzrange(b, b + %L::interval) FROM (SELECT public.time_bucket(%L::interval, %I) AS b FROM tsdb.%I) w',
                                 h.chunk_interval, h.chunk_interval, h.time_column, format('%s_%s_default', h.schema_name, h.table_name)) END AS "sourceChunks",
              pg_get_viewdef(c.oid) AS definition, format('%s.%s', a.source_schema, a.source_name) AS source,
              (SELECT count(*)::int FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attnum > 0) AS columns,
              json_build_object('schema', 'tsdb', 'name', a.materialization) AS stored, a.bucket_width::text AS width,
              format('tsdb.watermark(%L, %L)', a.schema_name, a.view_name) AS watermark
         FROM tsdb.continuous_aggregate a
         JOIN pg_namespace n ON n.nspname = a.schema_name
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.view_name
         LEFT JOIN tsdb.hypertable h ON (h.schema_name, h.table_name) = (a.source_schema, a.source_name)
        WHERE format('%s.%s', a.schema_name, a.view_name) = ANY ($1) ORDER BY 1`,
      [names],
    );
    return rows;
  },
  // The view decides what readers see and the refresh query what is stored, so both must be as declared.
  definition: (aggregate, realTime) => viewQuery(engine, aggregate, realTime),
  refreshQuery,
  readAttachments: (db, names) =>
    readAttachments(db, names, {
      dependents: `SELECT DISTINCT format('%s.%s', vn.nspname, v.relname) AS name
                     FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
                     JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> c.oid JOIN pg_namespace vn ON vn.oid = v.relnamespace
                    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid`,
      alterOwner: 'ALTER VIEW',
    }),
  chunks: (table) =>
    `SELECT tstzrange(range_start, range_end) AS range FROM tsdb.chunk WHERE (schema_name, table_name) = (${key(table)})`,
  create: (aggregate) => [
    `CREATE TABLE ${ident('tsdb', materializationName(aggregate))} AS ${aggregateQuery(aggregate)} WITH NO DATA`,
    ...createIndexes(aggregate),
    ...(engine === 'citus' ? distribute(storedIn(aggregate), placementOf(aggregate)) : []),
    `INSERT INTO tsdb.continuous_aggregate (schema_name, view_name, source_schema, source_name, source_time, bucket_width, materialization, refresh_query, real_time) VALUES (${[
      key(aggregate),
      key(aggregate.from),
      literal(aggregate.from.time),
      interval(aggregate.bucket),
      literal(materializationName(aggregate)),
      literal(refreshQuery(aggregate)),
      String(aggregate.realTime),
    ].join(', ')})`,
    `CREATE VIEW ${relation(aggregate)} AS ${viewQuery(engine, aggregate, aggregate.realTime)}`,
  ],
  indexed: (aggregate) => ident('tsdb', materializationName(aggregate)),
  setRealTime: (aggregate) => [
    `CREATE OR REPLACE VIEW ${relation(aggregate)} AS ${viewQuery(engine, aggregate, aggregate.realTime)}`,
    `UPDATE tsdb.continuous_aggregate SET real_time = ${aggregate.realTime} WHERE (schema_name, view_name) = (${key(aggregate)})`,
  ],
  addColumns: (aggregate, missing) => [
    // The view is locked first, because a reader also locks the view before the table.
    `LOCK TABLE ${relation(aggregate)} IN ACCESS EXCLUSIVE MODE`,
    ...[...missing].map(
      ([name, type]) =>
        `ALTER TABLE ${ident('tsdb', materializationName(aggregate))} ADD COLUMN ${ident(name)} ${type}`,
    ),
    `CREATE OR REPLACE VIEW ${relation(aggregate)} AS ${viewQuery(engine, aggregate, aggregate.realTime)}`,
    `UPDATE tsdb.continuous_aggregate SET (refresh_query, real_time) = (${literal(refreshQuery(aggregate))}, ${aggregate.realTime}) WHERE (schema_name, view_name) = (${key(aggregate)})`,
  ],
  swap: swap(engine),
  keepsOld: false,
  drop,
  force: '',
});
