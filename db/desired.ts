// Brings the selected schema sets into one declaration, in creation order.
import { type ContinuousAggregate, type Hypertable, nameOf, type Relation, type SchemaSet } from './define';
import { UsageError } from './errors';
import type { Desired } from './model';

/**
 * Merges sets and orders aggregates so that sources come first.
 * @throws UsageError when two objects have the same name or an aggregate's source is in no selected set.
 */
export function desiredFrom(sets: readonly SchemaSet[]): Desired {
  const objects = sets.flatMap((set) => set.objects);
  const byName = new Map<string, Relation>();
  for (const object of objects) {
    if (byName.has(nameOf(object))) throw new UsageError(`${nameOf(object)} is declared twice`);
    byName.set(nameOf(object), object);
  }
  const ordered: ContinuousAggregate[] = [];
  const place = (object: Relation): void => {
    if (object.kind !== 'aggregate' || ordered.includes(object)) return;
    if (byName.get(nameOf(object.from)) !== object.from) {
      throw new UsageError(
        `${nameOf(object)} is built on ${nameOf(object.from)}, which no selected schema set declares; add that set to TSDB_SCHEMAS`,
      );
    }
    place(object.from);
    ordered.push(object);
  };
  objects.forEach(place);
  return Object.freeze({
    schemas: [...new Set(objects.map((object) => object.schema))].sort(),
    hypertables: objects.filter((object): object is Hypertable => object.kind === 'hypertable'),
    aggregates: ordered,
  });
}
