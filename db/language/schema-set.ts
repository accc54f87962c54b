// Schema sets: the groups of declared objects that `TSDB_SCHEMAS` selects.
import type { Role } from './access';
import type { Relation } from './aggregate';
import type { SqlFunction } from './function';
import type { PlainTable } from './table';

/** Any object that a set can declare. */
export type DeclaredObject = Relation | PlainTable | SqlFunction | Role;

/** A group of objects that is switched on and off together (`TSDB_SCHEMAS`). */
export interface SchemaSet {
  readonly name: string;
  readonly objects: readonly DeclaredObject[];
}

/** Declares a set. The order of its objects does not matter. */
export function schemaSet(name: string, objects: readonly DeclaredObject[]): SchemaSet {
  return Object.freeze({ name, objects });
}
