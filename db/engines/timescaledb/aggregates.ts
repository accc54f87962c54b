// Continuous aggregates on TimescaleDB.
import { ident, literal, relation } from '../../core/sql';
import { readAttachments } from '../../kinds/aggregates/attachments';
import { OLD } from '../../kinds/aggregates/evolution';
import type { AggregateDialect, StoredAggregate } from '../../kinds/aggregates/model';
import type { ContinuousAggregate } from '../../language/aggregate';
import { aggregateQuery, expressionSql } from '../../language/aggregate-sql';
import { hasTimescaledb } from '../../server/server-info';
import { aggregateColumnstore } from './columnstore';

export const timescaleAggregates: AggregateDialect = {
  engine: 'timescaledb',
  async read(db, names) {
    if (!(await hasTimescaledb(db))) return [];
    const { rows } = await db.query<Omit<StoredAggregate, 'sourceChunks'> & { readonly sourceTable: Table }>(
      `SELECT format('%s.%s', a.view_schema, a.view_name) AS name, NOT a.materialized_only AS "realTime", a.view_definition AS definition,
              (SELECT count(*)::int FROM pg_attribute t WHERE t.attrelid = format('%I.%I', a.view_schema, a.view_name)::regclass AND t.attnum > 0) AS columns,
              format('%s.%s', coalesce(p.user_view_schema, a.hypertable_schema), coalesce(p.user_view_name, a.hypertable_name)) AS source,
              json_build_object('schema', a.materialization_hypertable_schema, 'name', a.materialization_hypertable_name) AS stored,
              b.bucket_width::interval::text AS width, a.view_definition AS query,
              format('SELECT * FROM %I.%I WHERE "bucket" >= $1 AND "bucket" < $2', c.direct_view_schema, c.direct_view_name) AS recompute,
              json_build_object('schema', a.hypertable_schema, 'name', a.hypertable_name) AS "sourceTable",
              format('_timescaledb_functions.to_timestamp(_timescaledb_functions.cagg_watermark(%s))', c.mat_hypertable_id) AS watermark
         FROM timescaledb_information.continuous_aggregates a
         JOIN _timescaledb_catalog.continuous_agg c ON (c.user_view_schema, c.user_view_name) = (a.view_schema, a.view_name)
         JOIN _timescaledb_catalog.continuous_aggs_bucket_function b ON b.mat_hypertable_id = c.mat_hypertable_id
         LEFT JOIN _timescaledb_catalog.continuous_agg p ON p.mat_hypertable_id = c.parent_mat_hypertable_id
        WHERE format('%s.%s', a.view_schema, a.view_name) = ANY ($1) ORDER BY 1`,
      [names],
    );
    return rows.map(({ sourceTable, ...row }) => ({ ...row, sourceChunks: chunks(sourceTable) }));
  },
  definition: (aggregate) => aggregateQuery(aggregate),
  readAttachments: (db, names) =>
    readAttachments(db, names, {
      // An aggregate reads its source through internal views, so these are replaced by the name of the aggregate.
      dependents: `SELECT DISTINCT format('%s.%s', coalesce(g.user_view_schema, vn.nspname), coalesce(g.user_view_name, v.relname)) AS name
                     FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
                     JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> c.oid JOIN pg_namespace vn ON vn.oid = v.relnamespace
                     LEFT JOIN _timescaledb_catalog.continuous_agg g
                            ON (vn.nspname, v.relname) IN ((g.partial_view_schema, g.partial_view_name), (g.direct_view_schema, g.direct_view_name))
                    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid`,
      alterOwner: 'ALTER MATERIALIZED VIEW',
    }),
  chunks,
  create: (aggregate) => [
    `CREATE MATERIALIZED VIEW ${relation(aggregate)} WITH (timescaledb.continuous, timescaledb.materialized_only = ${!aggregate.realTime}) AS ${aggregateQuery(aggregate)} WITH NO DATA`,
  ],
  indexed: relation,
  setRealTime: (aggregate) => [
    `ALTER MATERIALIZED VIEW ${relation(aggregate)} SET (timescaledb.materialized_only = ${!aggregate.realTime})`,
  ],
  addColumns: (aggregate, missing) =>
    Object.entries(aggregate.select)
      .filter(([name]) => missing.has(name))
      .map(
        ([name, expression]) =>
          `ALTER MATERIALIZED VIEW ${relation(aggregate)} ADD COLUMN ${ident(name)} ${missing.get(name)} GENERATED ALWAYS AS (${expressionSql(expression)}) STORED`,
      ),
  // This locks only the views, in the order in which a reader locks them. The drop that follows locks the source.
  swap: (replacements, replaced) => [
    ...replaced.map(
      (aggregate) =>
        `ALTER MATERIALIZED VIEW ${relation(aggregate)} RENAME TO ${ident(`${aggregate.name}${OLD}`)}`,
    ),
    ...replacements.map(
      ({ aggregate, next }) => `ALTER MATERIALIZED VIEW ${relation(next)} RENAME TO ${ident(aggregate.name)}`,
    ),
    ...columnstores(replacements.map(({ aggregate }) => aggregate)),
  ],
  keepsOld: true,
  drop: (aggregate) => [`DROP MATERIALIZED VIEW IF EXISTS ${relation(aggregate)}`],
  force: ', force => true',
};

interface Table {
  readonly schema: string;
  readonly name: string;
}

function chunks({ schema, name }: Table): string {
  return `SELECT tstzrange(range_start, range_end) AS range FROM timescaledb_information.chunks WHERE (hypertable_schema, hypertable_name) = (${literal(schema)}, ${literal(name)})`;
}

// A new aggregate has no columnstore, even if the replaced one had one.
const columnstores = (aggregates: readonly ContinuousAggregate[]): readonly string[] =>
  aggregateColumnstore
    .compare(
      {
        schemas: [],
        tables: [],
        hypertables: [],
        aggregates,
        functions: [],
        roles: [],
        unmanaged: [],
        streams: [],
      },
      { states: [], impact: new Map(), frozen: new Map() },
    )
    .steps?.flatMap(({ sql }) => sql) ?? [];
