// Continuous aggregates on plain PostgreSQL: a table, its refresh query, and a view that adds what is newer than the watermark.
import { aggregateQuery } from '../../aggregate-sql';
import { type ContinuousAggregate, nameOf } from '../../define';
import { type AggregateDialect, type AggregateState, canonicalQueries } from '../../kinds/aggregates';
import { ident, interval, literal, relation } from '../../sql';
import { hasRuntime } from './runtime';

interface AggregateRow {
  readonly name: string;
  readonly realTime: boolean;
  readonly refreshQuery: string;
  readonly definition: string;
}

export const postgresAggregates: AggregateDialect = {
  emulated: 'continuous aggregates: tables with a watermark, refreshed by `tsdb jobs run`',
  async read(db, desired) {
    if (!(await hasRuntime(db))) return [];
    const { rows } = await db.query<AggregateRow>(
      `SELECT format('%s.%s', a.schema_name, a.view_name) AS name, a.real_time AS "realTime", a.refresh_query AS "refreshQuery",
              pg_get_viewdef(c.oid) AS definition
         FROM tsdb.continuous_aggregate a
         JOIN pg_namespace n ON n.nspname = a.schema_name
         JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = a.view_name
        WHERE format('%s.%s', a.schema_name, a.view_name) = ANY ($1) ORDER BY 1`,
      [desired.aggregates.map(nameOf)],
    );
    const present = desired.aggregates.filter((aggregate) =>
      rows.some((row) => row.name === nameOf(aggregate)),
    );
    const canonical = await canonicalQueries(
      db,
      present.map((aggregate) =>
        viewQuery(aggregate, rows.find((row) => row.name === nameOf(aggregate))?.realTime ?? true),
      ),
    );
    return present.map((aggregate, at): AggregateState => {
      const row = rows.find((candidate) => candidate.name === nameOf(aggregate)) as AggregateRow;
      // The view shows what readers get, the refresh query what is stored: both must be as declared.
      const asDeclared = row.definition === canonical[at] && row.refreshQuery === refreshQuery(aggregate);
      return { name: row.name, realTime: row.realTime, asDeclared };
    });
  },
  create: (aggregate) => {
    const materialization = ident('tsdb', materializationName(aggregate));
    const keys = aggregate.groupBy.map((name) => ident(name));
    return [
      `CREATE TABLE ${materialization} AS ${aggregateQuery(aggregate)} WITH NO DATA`,
      `CREATE INDEX ON ${materialization} ("bucket" DESC)`,
      ...(keys.length > 0
        ? [`CREATE INDEX ON ${materialization} (${[...keys, '"bucket" DESC'].join(', ')})`]
        : []),
      `INSERT INTO tsdb.continuous_aggregate (schema_name, view_name, source_schema, source_name, source_time, bucket_width, materialization, refresh_query, real_time) VALUES (${[
        literal(aggregate.schema),
        literal(aggregate.name),
        literal(aggregate.from.schema),
        literal(aggregate.from.name),
        literal(aggregate.from.time),
        interval(aggregate.bucket),
        literal(materializationName(aggregate)),
        literal(refreshQuery(aggregate)),
        String(aggregate.realTime),
      ].join(', ')})`,
      `CREATE VIEW ${relation(aggregate)} AS ${viewQuery(aggregate, aggregate.realTime)}`,
    ];
  },
  setRealTime: (aggregate) => [
    `CREATE OR REPLACE VIEW ${relation(aggregate)} AS ${viewQuery(aggregate, aggregate.realTime)}`,
    `UPDATE tsdb.continuous_aggregate SET real_time = ${aggregate.realTime} WHERE (schema_name, view_name) = (${key(aggregate)})`,
  ],
};

const key = (aggregate: ContinuousAggregate): string =>
  `${literal(aggregate.schema)}, ${literal(aggregate.name)}`;

const materializationName = (aggregate: ContinuousAggregate): string =>
  `${aggregate.schema}_${aggregate.name}`;

function refreshQuery(aggregate: ContinuousAggregate): string {
  const time = ident(aggregate.from.time);
  return aggregateQuery(aggregate, `${time} >= $1 AND ${time} < $2`);
}

function viewQuery(aggregate: ContinuousAggregate, realTime: boolean): string {
  const columns = aggregate.columnNames.map((name) => ident(name)).join(', ');
  const watermark = `tsdb.watermark(${key(aggregate)})`;
  const stored = `SELECT ${columns} FROM ${ident('tsdb', materializationName(aggregate))}`;
  if (!realTime) return stored;
  const fresh = aggregateQuery(aggregate, `${ident(aggregate.from.time)} >= ${watermark}`);
  return `${stored} WHERE "bucket" < ${watermark} UNION ALL ${fresh}`;
}
