// The SQL of an emulated aggregate: its table, its refresh query, and the view that adds rows newer than the watermark.
import { ident, literal } from '../../core/sql';
import type { ContinuousAggregate } from '../../language/aggregate';
import { aggregateQuery } from '../../language/aggregate-sql';
import { materializationName } from '../../language/names';
import type { EngineName } from '../../model';

/** `'plant', 'metric_hourly'`: its key in tsdb.continuous_aggregate. */
export const key = (aggregate: { readonly schema: string; readonly name: string }): string =>
  `${literal(aggregate.schema)}, ${literal(aggregate.name)}`;

/** The declared SELECT, limited to the window from $1 to $2. */
export function refreshQuery(aggregate: ContinuousAggregate): string {
  const time = ident(aggregate.from.time);
  return aggregateQuery(aggregate, `${time} >= $1 AND ${time} < $2`);
}

/** Engines that emulate aggregates in this way. */
export type EmulatingEngine = Exclude<EngineName, 'timescaledb'>;

/**
 * The time up to which an aggregate is stored, in its view. On engine `citus` a part of the view runs on other servers, which do not
 * have the table behind the function. A subquery of a local table runs on the coordinator, before the others begin.
 */
const watermarkOf = (engine: EmulatingEngine, aggregate: ContinuousAggregate): string =>
  engine === 'postgres'
    ? `tsdb.watermark(${key(aggregate)})`
    : `(SELECT a.watermark FROM tsdb.continuous_aggregate a WHERE (a.schema_name, a.view_name) = (${key(aggregate)}))`;

/** The view that readers use. */
export function viewQuery(
  engine: EmulatingEngine,
  aggregate: ContinuousAggregate,
  realTime: boolean,
): string {
  const columns = aggregate.columnNames.map((name) => ident(name)).join(', ');
  const watermark = watermarkOf(engine, aggregate);
  const stored = `SELECT ${columns} FROM ${ident('tsdb', materializationName(aggregate))}`;
  if (!realTime) return stored;
  const fresh = aggregateQuery(aggregate, `${ident(aggregate.from.time)} >= ${watermark}`);
  return `${stored} WHERE "bucket" < ${watermark} UNION ALL ${fresh}`;
}
