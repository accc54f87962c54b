// Continuous aggregates on TimescaleDB.
import { aggregateQuery } from '../../aggregate-sql';
import { nameOf } from '../../define';
import { type AggregateDialect, type AggregateState, canonicalQueries } from '../../kinds/aggregates';
import { relation } from '../../sql';
import { isInstalled } from './extension';

interface AggregateRow {
  readonly name: string;
  readonly realTime: boolean;
  readonly definition: string;
}

export const timescaleAggregates: AggregateDialect = {
  async read(db, desired) {
    if (!(await isInstalled(db))) return [];
    const { rows } = await db.query<AggregateRow>(
      `SELECT format('%s.%s', view_schema, view_name) AS name, NOT materialized_only AS "realTime", view_definition AS definition
         FROM timescaledb_information.continuous_aggregates
        WHERE format('%s.%s', view_schema, view_name) = ANY ($1) ORDER BY 1`,
      [desired.aggregates.map(nameOf)],
    );
    const present = desired.aggregates.filter((aggregate) =>
      rows.some((row) => row.name === nameOf(aggregate)),
    );
    const canonical = await canonicalQueries(
      db,
      present.map((aggregate) => aggregateQuery(aggregate)),
    );
    return present.map((aggregate, at): AggregateState => {
      const row = rows.find((candidate) => candidate.name === nameOf(aggregate)) as AggregateRow;
      return { name: row.name, realTime: row.realTime, asDeclared: row.definition === canonical[at] };
    });
  },
  create: (aggregate) => [
    `CREATE MATERIALIZED VIEW ${relation(aggregate)} WITH (timescaledb.continuous, timescaledb.materialized_only = ${!aggregate.realTime}) AS ${aggregateQuery(aggregate)} WITH NO DATA`,
  ],
  setRealTime: (aggregate) => [
    `ALTER MATERIALIZED VIEW ${relation(aggregate)} SET (timescaledb.materialized_only = ${!aggregate.realTime})`,
  ],
};
