// Finds the table in which an engine stores the buckets of an aggregate. It does not hold what a real-time view adds.
import { DatabaseError } from '../core/errors';
import { invocation } from '../core/invocation';
import type { ContinuousAggregate } from '../language/aggregate';
import { nameOf } from '../language/names';
import type { Db, EngineName } from '../model';

const QUERY: Readonly<Record<EngineName, string>> = {
  timescaledb: `SELECT materialization_hypertable_schema::text AS schema, materialization_hypertable_name::text AS name
                  FROM timescaledb_information.continuous_aggregates WHERE (view_schema, view_name) = ($1, $2)`,
  postgres: `SELECT 'tsdb' AS schema, materialization AS name
               FROM tsdb.continuous_aggregate WHERE (schema_name, view_name) = ($1, $2)`,
};

/**
 * Schema and name of the table that holds an aggregate's buckets.
 * @throws DatabaseError when the aggregate does not exist.
 */
export async function materializationOf(
  db: Db,
  engine: EngineName,
  aggregate: ContinuousAggregate,
): Promise<readonly [string, string]> {
  const { rows } = await db.query<{ schema: string; name: string }>(QUERY[engine], [
    aggregate.schema,
    aggregate.name,
  ]);
  const found = rows[0];
  if (!found)
    throw new DatabaseError(
      `continuous aggregate ${nameOf(aggregate)} does not exist; run "${invocation('apply')}"`,
    );
  return [found.schema, found.name];
}
