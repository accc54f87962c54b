// Who may do what: group roles and row-level security policies.
import { qualifiedName } from './names';

/** What a role may do with every declared object of the selected sets. */
export type Access = 'read' | 'write' | 'serve' | 'monitor';

/** A group role that cannot log in; people and programs become its members. A role belongs to the server, not to a database. */
export interface Role {
  readonly kind: 'role';
  readonly schema: '';
  readonly name: string;
  readonly access: Access;
}

/**
 * Declares a group role. `read` may read every declared table and aggregate except secret tables. `write` may also write rows
 * into tables, but not into aggregates, although TimescaleDB would accept that. `serve` may also use secret tables. `monitor`
 * may read the server's statistics and the journal. The role that applies owns all objects: TimescaleDB runs a policy as the
 * owner of its table, and that must be a role that can log in.
 * @throws UsageError when the name is malformed.
 */
export function role(name: string, access: Access): Role {
  return Object.freeze({ kind: 'role', schema: '', name: qualifiedName(name).name, access });
}

/** A row-level security policy; conditions are SQL over the row's columns. */
export interface RowPolicy {
  readonly name: string;
  readonly command: 'all' | 'select' | 'insert' | 'update' | 'delete';
  /** The role that the policy applies to. */
  readonly to: string;
  /** Condition for rows that may be read, changed or deleted. */
  readonly using?: string;
  /** Condition for rows that may be written; absent means the same as `using`. */
  readonly check?: string;
}
