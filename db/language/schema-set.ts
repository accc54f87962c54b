// Schema sets: the groups of declared objects that `TSDB_SCHEMAS` selects.
import type { Role } from './access';
import type { Relation } from './aggregate';
import type { SqlFunction } from './function';
import type { Stream } from './stream';
import type { PlainTable } from './table';
import { checkUnmanaged } from './unmanaged';

/** Any object that a set can declare. */
export type DeclaredObject = Relation | PlainTable | SqlFunction | Role;

/** A group of objects that is switched on and off together (`TSDB_SCHEMAS`). */
export interface SchemaSet {
  readonly name: string;
  readonly objects: readonly DeclaredObject[];
  /** Objects of others in the same schemas, `schema.name` or `schema.prefix_*`. Plans neither list nor drop them. */
  readonly unmanaged?: readonly string[];
  /** Topics of message brokers whose messages become rows of the tables of this set. The database does not know of them. */
  readonly streams?: readonly Stream[];
}

/**
 * Declares a set. The order of its objects does not matter.
 * @throws UsageError when the name of an unmanaged object is malformed.
 */
export function schemaSet(
  name: string,
  objects: readonly DeclaredObject[],
  options: Pick<SchemaSet, 'unmanaged' | 'streams'> = {},
): SchemaSet {
  checkUnmanaged(name, options.unmanaged ?? []);
  return Object.freeze({ name, objects, ...options });
}
