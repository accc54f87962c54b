// Brings the selected schema sets into one declaration, in creation order.
import { UsageError } from '../core/errors';
import type { Role } from './access';
import type { ContinuousAggregate, Relation } from './aggregate';
import type { SqlFunction } from './function';
import type { Hypertable } from './hypertable';
import { nameOf } from './names';
import type { DeclaredObject, SchemaSet } from './schema-set';
import type { Stream } from './stream';
import type { PlainTable } from './table';
import { isUnmanaged } from './unmanaged';

/** A declared object that has columns of its own. */
export type DeclaredTable = Hypertable | PlainTable;

/** The declared schema, in an order in which it can be created. */
export interface Desired {
  readonly schemas: readonly string[];
  readonly tables: readonly PlainTable[];
  readonly hypertables: readonly Hypertable[];
  /** Sources come before the aggregates that are built on them. */
  readonly aggregates: readonly ContinuousAggregate[];
  readonly functions: readonly SqlFunction[];
  readonly roles: readonly Role[];
  /** Objects of others, `schema.name` or `schema.prefix_*`. */
  readonly unmanaged: readonly string[];
  /** How messages of brokers become rows. */
  readonly streams: readonly Stream[];
}

/** All declared tables. */
export const tablesOf = ({ tables, hypertables }: Desired): readonly DeclaredTable[] => [
  ...tables,
  ...hypertables,
];

/** Hypertables and aggregates: everything that has a time column. */
export const relationsOf = ({ hypertables, aggregates }: Desired): readonly Relation[] => [
  ...hypertables,
  ...aggregates,
];

/**
 * Merges sets and orders aggregates so that sources come first.
 * @throws UsageError when two objects have the same name, an aggregate's source is in no selected set, or an object is declared
 * and unmanaged.
 */
export function desiredFrom(sets: readonly SchemaSet[]): Desired {
  const objects = sets.flatMap((set) => set.objects);
  const byName = new Map<string, DeclaredObject>();
  for (const object of objects) {
    if (byName.has(nameOf(object))) throw new UsageError(`${nameOf(object)} is declared twice`);
    byName.set(nameOf(object), object);
  }
  const unmanaged = sets.flatMap((set) => set.unmanaged ?? []);
  for (const name of byName.keys()) {
    if (isUnmanaged({ unmanaged }, name))
      throw new UsageError(`${name} is declared, and also named as an unmanaged object`);
  }
  const ordered: ContinuousAggregate[] = [];
  const place = (object: DeclaredObject): void => {
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
  const ofKind = <K extends DeclaredObject['kind']>(kind: K): Extract<DeclaredObject, { kind: K }>[] =>
    objects.filter((object): object is Extract<DeclaredObject, { kind: K }> => object.kind === kind);
  return Object.freeze({
    schemas: [...new Set(objects.map((object) => object.schema).filter((schema) => schema !== ''))].sort(),
    tables: ofKind('table'),
    hypertables: ofKind('hypertable'),
    aggregates: ordered,
    functions: ofKind('function'),
    roles: ofKind('role'),
    unmanaged,
    streams: sets.flatMap((set) => set.streams ?? []),
  });
}
