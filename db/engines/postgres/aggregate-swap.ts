// Replaces emulated aggregates with new ones that were built beside them, in one transaction.
import { ident, literal, relation } from '../../core/sql';
import type { AggregateDialect, Replacement } from '../../kinds/aggregates/model';
import type { ContinuousAggregate } from '../../language/aggregate';
import { materializationName, nameOf } from '../../language/names';
import { type EmulatingEngine, key, refreshQuery, viewQuery } from './aggregate-sql';

/**
 * First the old aggregates are dropped, each before the one that it reads, which is the order in which a query locks them. Then
 * the new ones get their names. Refresh query, view and indexes contain names, so they are written again.
 */
export const swap =
  (engine: EmulatingEngine): AggregateDialect['swap'] =>
  (replacements, replaced) => [
    // A running refresh holds these rows. The swap waits for it here, before it locks anything else.
    `SELECT FROM tsdb.continuous_aggregate WHERE format('%s.%s', schema_name, view_name) IN (${replaced.map((one) => literal(nameOf(one))).join(', ') || 'NULL'}) ORDER BY schema_name, view_name FOR UPDATE`,
    ...replaced.flatMap(drop),
    ...replacements.flatMap(takeName),
    ...replacements.map(
      ({ aggregate }) =>
        `CREATE OR REPLACE VIEW ${relation(aggregate)} AS ${viewQuery(engine, aggregate, aggregate.realTime)}`,
    ),
  ];

/** Drops all parts of an emulated aggregate that exist. */
export const drop = (aggregate: { readonly schema: string; readonly name: string }): readonly string[] => [
  `DROP VIEW IF EXISTS ${relation(aggregate)}`,
  `DROP TABLE IF EXISTS ${ident('tsdb', materializationName(aggregate))}`,
  `DELETE FROM tsdb.continuous_aggregate WHERE (schema_name, view_name) = (${key(aggregate)})`,
  `DELETE FROM tsdb.job WHERE (schema_name, object_name) = (${key(aggregate)})`,
];

function takeName({ aggregate, next }: Replacement): readonly string[] {
  return [
    `ALTER VIEW ${relation(next)} RENAME TO ${ident(aggregate.name)}`,
    ...indexNames(next).map(
      (name, at) =>
        `ALTER INDEX ${ident('tsdb', name)} RENAME TO ${ident(indexNames(aggregate)[at] as string)}`,
    ),
    `ALTER TABLE ${ident('tsdb', materializationName(next))} RENAME TO ${ident(materializationName(aggregate))}`,
    `UPDATE tsdb.continuous_aggregate SET (view_name, source_schema, source_name, materialization, refresh_query) = (${[
      literal(aggregate.name),
      literal(aggregate.from.schema),
      literal(aggregate.from.name),
      literal(materializationName(aggregate)),
      literal(refreshQuery(aggregate)),
    ].join(', ')}) WHERE (schema_name, view_name) = (${key(next)})`,
  ];
}

/** Names of the indexes of an aggregate's table, in the order of `createIndexes`. */
function indexNames(aggregate: ContinuousAggregate): readonly string[] {
  const columns = aggregate.groupBy.length > 0 ? ['bucket', 'key'] : ['bucket'];
  return columns.map((column) => `${materializationName(aggregate)}_${column}_idx`);
}

/** Indexes with explicit names, so that a swap can rename them. */
export function createIndexes(aggregate: ContinuousAggregate): readonly string[] {
  const table = ident('tsdb', materializationName(aggregate));
  const columns = [
    '"bucket" DESC',
    [...aggregate.groupBy.map((name) => ident(name)), '"bucket" DESC'].join(', '),
  ];
  return indexNames(aggregate).map((name, at) => `CREATE INDEX ${ident(name)} ON ${table} (${columns[at]})`);
}
