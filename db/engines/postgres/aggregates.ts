// Continuous aggregates on plain PostgreSQL: a table, its refresh query, and a view that adds what is newer than the watermark.
import { ident, interval, literal, relation } from '../../core/sql';
import { readAttachments } from '../../kinds/aggregates/attachments';
import type { AggregateDialect, AggregateState } from '../../kinds/aggregates/model';
import { canonicalQueries, withoutLast } from '../../kinds/aggregates/queries';
import type { ContinuousAggregate } from '../../language/aggregate';
import { aggregateQuery } from '../../language/aggregate-sql';
import { nameOf } from '../../language/names';
import { key, materializationName, refreshQuery, viewQuery } from './aggregate-sql';
import { createIndexes, drop, swap } from './aggregate-swap';
import { hasRuntime } from './runtime';

interface AggregateRow {
  readonly name: string;
  readonly realTime: boolean;
  readonly refreshQuery: string;
  readonly definition: string;
  readonly columns: number;
  readonly source: string;
  readonly materialization: string;
  readonly width: string;
}

export const postgresAggregates: AggregateDialect = {
  engine: 'postgres',
  emulated: 'continuous aggregates: tables with a watermark, refreshed by `tsdb jobs run`',
  async read(db, aggregates) {
    if (!(await hasRuntime(db))) return [];
    const { rows } = await db.query<AggregateRow>(
      `SELECT format('%s.%s', a.schema_name, a.view_name) AS name, a.real_time AS "realTime", a.refresh_query AS "refreshQuery",
              pg_get_viewdef(c.oid) AS definition, format('%s.%s', a.source_schema, a.source_name) AS source,
              (SELECT count(*)::int FROM pg_attribute t WHERE t.attrelid = c.oid AND t.attnum > 0) AS columns,
              a.materialization, a.bucket_width::text AS width
         FROM tsdb.continuous_aggregate a
         JOIN pg_namespace n ON n.nspname = a.schema_name
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.view_name
        WHERE format('%s.%s', a.schema_name, a.view_name) = ANY ($1) ORDER BY 1`,
      [aggregates.map(nameOf)],
    );
    const present = aggregates.flatMap((aggregate) => {
      const row = rows.find((candidate) => candidate.name === nameOf(aggregate));
      return row ? [{ aggregate, row, missing: missingColumns(aggregate, row.columns) }] : [];
    });
    const canonical = await canonicalQueries(
      db,
      present.flatMap(({ aggregate, row, missing }) => [
        viewQuery(aggregate, row.realTime),
        viewQuery(withoutLast(aggregate, missing), row.realTime),
      ]),
    );
    return present.map(({ aggregate, row, missing }, at): AggregateState => {
      // The view shows what readers get, the refresh query what is stored: both must be as declared.
      const is = (declared: ContinuousAggregate, view: string | null | undefined): boolean =>
        row.definition === view && row.refreshQuery === refreshQuery(declared);
      const asDeclared = is(aggregate, canonical[2 * at]);
      const appended = !asDeclared && is(withoutLast(aggregate, missing), canonical[2 * at + 1]);
      return {
        name: row.name,
        realTime: row.realTime,
        asDeclared,
        appended: appended ? missing : 0,
        source: row.source,
        stored: { schema: 'tsdb', name: row.materialization },
        width: row.width,
        watermark: `tsdb.watermark(${key(aggregate)})`,
      };
    });
  },
  readAttachments: (db, names) =>
    readAttachments(db, names, {
      dependents: `SELECT DISTINCT format('%s.%s', vn.nspname, v.relname) AS name
                     FROM pg_depend d JOIN pg_rewrite r ON r.oid = d.objid AND d.classid = 'pg_rewrite'::regclass
                     JOIN pg_class v ON v.oid = r.ev_class AND v.oid <> c.oid JOIN pg_namespace vn ON vn.oid = v.relnamespace
                    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid`,
      alterOwner: 'ALTER VIEW',
    }),
  // Rows that wait in the default partition count too. Of an aggregate, what it has stored.
  coverage: ({ aggregate, origin, state, originState }) => {
    if (originState)
      return `SELECT tstzrange(o."bucket", o."bucket" + ${interval(originState.width)}) AS range FROM (SELECT DISTINCT "bucket" FROM ${ident('tsdb', originState.stored.name)}) o`;
    const width = interval(state?.width ?? aggregate.bucket);
    return `SELECT tstzrange(range_start, range_end) AS range FROM tsdb.chunk WHERE (schema_name, table_name) = (${key(origin)})
      UNION ALL SELECT tstzrange(o.b, o.b + ${width}) FROM (SELECT DISTINCT public.time_bucket(${width}, ${ident(origin.time)}) AS b FROM ${ident('tsdb', `${materializationName(origin)}_default`)}) o`;
  },
  create: (aggregate) => [
    `CREATE TABLE ${ident('tsdb', materializationName(aggregate))} AS ${aggregateQuery(aggregate)} WITH NO DATA`,
    ...createIndexes(aggregate),
    `INSERT INTO tsdb.continuous_aggregate (schema_name, view_name, source_schema, source_name, source_time, bucket_width, materialization, refresh_query, real_time) VALUES (${[
      key(aggregate),
      key(aggregate.from),
      literal(aggregate.from.time),
      interval(aggregate.bucket),
      literal(materializationName(aggregate)),
      literal(refreshQuery(aggregate)),
      String(aggregate.realTime),
    ].join(', ')})`,
    `CREATE VIEW ${relation(aggregate)} AS ${viewQuery(aggregate, aggregate.realTime)}`,
  ],
  setRealTime: (aggregate) => [
    `CREATE OR REPLACE VIEW ${relation(aggregate)} AS ${viewQuery(aggregate, aggregate.realTime)}`,
    `UPDATE tsdb.continuous_aggregate SET real_time = ${aggregate.realTime} WHERE (schema_name, view_name) = (${key(aggregate)})`,
  ],
  addColumns: (aggregate, missing) => [
    // The view first: a reader locks the view, then the table.
    `LOCK TABLE ${relation(aggregate)} IN ACCESS EXCLUSIVE MODE`,
    ...[...missing].map(
      ([name, type]) =>
        `ALTER TABLE ${ident('tsdb', materializationName(aggregate))} ADD COLUMN ${ident(name)} ${type}`,
    ),
    `CREATE OR REPLACE VIEW ${relation(aggregate)} AS ${viewQuery(aggregate, aggregate.realTime)}`,
    `UPDATE tsdb.continuous_aggregate SET (refresh_query, real_time) = (${literal(refreshQuery(aggregate))}, ${aggregate.realTime}) WHERE (schema_name, view_name) = (${key(aggregate)})`,
  ],
  swap,
  keepsOld: false,
  drop,
  force: '',
};

const missingColumns = (aggregate: ContinuousAggregate, present: number): number =>
  Math.min(Math.max(aggregate.columnNames.length - present, 0), Object.keys(aggregate.select).length);
