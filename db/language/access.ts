// Who may do what: group roles and row-level security policies.
import { qualifiedName } from './names';

/** What a role may do with every declared object of the selected sets. */
export type Access = 'read' | 'write' | 'serve' | 'monitor';

/** A group role without login; people and programs become its members. Roles belong to the server, not to a database. */
export interface Role {
  readonly kind: 'role';
  readonly schema: '';
  readonly name: string;
  readonly access: Access;
}

/**
 * Declares a group role. `read`: every declared table and aggregate but secret tables. `write`: also rows into tables, never into aggregates
 * (TimescaleDB would take them). `monitor`: the server's statistics and the reconciler's journal. Objects stay owned by
 * whoever applies: TimescaleDB runs policies as the owner of their table, which must be a role with login.
 * @throws UsageError when the name is malformed.
 */
export function role(name: string, access: Access): Role {
  return Object.freeze({ kind: 'role', schema: '', name: qualifiedName(name).name, access });
}

/** A row-level security policy; conditions are SQL over the row's columns. */
export interface RowPolicy {
  readonly name: string;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  /** Role that it applies to. */
  readonly to: string;
  /** Which rows are seen, changed or deleted. */
  readonly using?: string;
  /** Which rows may be written; absent = those of `using`. */
  readonly check?: string;
}
