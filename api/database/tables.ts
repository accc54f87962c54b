// The declared tables and aggregates by the names that requests use: the allow-list of everything a request may name.
import type { ContinuousAggregate, Relation } from '../../db/language/aggregate';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import { ProblemError } from '../http/problems';

/** A declared hypertable with the aggregates that are built on it, directly or over others; sources come first. */
export interface SeriesTable {
  /** `sensor_data`, or with its PostgreSQL schema when that is not `public`: `market.stock_prices`. */
  readonly name: string;
  readonly hypertable: Hypertable;
  readonly aggregates: readonly ContinuousAggregate[];
}

/** How requests and answers name a relation. */
export function publicName({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return schema === 'public' ? name : `${schema}.${name}`;
}

/** Every declared hypertable by its public name. */
export function seriesTables({
  hypertables,
  aggregates,
}: Pick<Desired, 'hypertables' | 'aggregates'>): ReadonlyMap<string, SeriesTable> {
  return new Map(
    hypertables.map((hypertable) => [
      publicName(hypertable),
      {
        name: publicName(hypertable),
        hypertable,
        aggregates: aggregates.filter((aggregate) => rootOf(aggregate) === hypertable),
      },
    ]),
  );
}

/**
 * The declared table of that public name.
 * @throws ProblemError (unknown-table) that names all of them.
 */
export function tableNamed<T extends SeriesTable>(tables: ReadonlyMap<string, T>, name: string): T {
  const table = tables.get(name);
  if (table !== undefined) return table;
  throw new ProblemError(
    'unknown-table',
    `There is no table ${JSON.stringify(name.slice(0, 130))}; the tables are ${[...tables.keys()].join(', ')}`,
  );
}

/** The hypertable at the bottom of a relation. */
export function rootOf(relation: Relation): Hypertable {
  return relation.kind === 'hypertable' ? relation : rootOf(relation.from);
}
