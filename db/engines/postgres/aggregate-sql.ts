// The SQL of an emulated aggregate: its table, its refresh query, and the view that adds rows newer than the watermark.
import { ident, literal } from '../../core/sql';
import type { ContinuousAggregate } from '../../language/aggregate';
import { aggregateQuery } from '../../language/aggregate-sql';

/** `'plant', 'metric_hourly'`: its key in tsdb.continuous_aggregate. */
export const key = (aggregate: { readonly schema: string; readonly name: string }): string =>
  `${literal(aggregate.schema)}, ${literal(aggregate.name)}`;

/** Name of the table in schema `tsdb` that holds its buckets. */
export const materializationName = (aggregate: { readonly schema: string; readonly name: string }): string =>
  `${aggregate.schema}_${aggregate.name}`;

/** The declared SELECT, limited to the window from $1 to $2. */
export function refreshQuery(aggregate: ContinuousAggregate): string {
  const time = ident(aggregate.from.time);
  return aggregateQuery(aggregate, `${time} >= $1 AND ${time} < $2`);
}

/** The view that readers use. */
export function viewQuery(aggregate: ContinuousAggregate, realTime: boolean): string {
  const columns = aggregate.columnNames.map((name) => ident(name)).join(', ');
  const watermark = `tsdb.watermark(${key(aggregate)})`;
  const stored = `SELECT ${columns} FROM ${ident('tsdb', materializationName(aggregate))}`;
  if (!realTime) return stored;
  const fresh = aggregateQuery(aggregate, `${ident(aggregate.from.time)} >= ${watermark}`);
  return `${stored} WHERE "bucket" < ${watermark} UNION ALL ${fresh}`;
}
