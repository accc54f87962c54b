// Ordinary tables as declared.
import type { RowPolicy } from './access';
import type { Column } from './columns';
import type { Index } from './indexes';
import { formerName, qualifiedName } from './names';

/**
 * Declares an ordinary table.
 * @throws UsageError when the name is malformed.
 */
export function table<const C extends string>(
  name: string,
  spec: {
    readonly columns: Readonly<Record<C, Column>>;
    readonly primaryKey: readonly NoInfer<C>[];
    readonly indexes?: readonly Index<NoInfer<C>>[];
    readonly rowSecurity?: readonly RowPolicy[];
    readonly secret?: boolean;
    readonly distributeBy?: NoInfer<C>;
    readonly onCoordinator?: boolean;
    readonly renamedFrom?: string;
  },
): PlainTable<C> {
  return Object.freeze({
    ...spec,
    kind: 'table',
    ...qualifiedName(name),
    ...formerName(name, spec.renamedFrom),
    columnNames: Object.keys(spec.columns) as C[],
    indexes: spec.indexes ?? [],
  });
}

/** An ordinary table, e.g. a list of sensors that readings are joined with. */
export interface PlainTable<C extends string = string> {
  readonly kind: 'table';
  readonly schema: string;
  readonly name: string;
  readonly columns: Readonly<Record<C, Column>>;
  readonly columnNames: readonly C[];
  readonly primaryKey: readonly C[];
  readonly indexes: readonly Index<C>[];
  /** Declaring policies turns row-level security on. */
  readonly rowSecurity?: readonly RowPolicy[];
  /** The table holds secrets, so roles with access `read` get no access to it. */
  readonly secret?: boolean;
  /** On engine `citus`: the column whose value decides on which server a row is; the primary key and every unique index must have it. */
  readonly distributeBy?: C;
  /**
   * On engine `citus`: the rows stay on the coordinator. By default every server has all rows of an ordinary table, so that they can
   * be joined anywhere; each of its writes then changes all servers. A `secret` table always stays on the coordinator.
   */
  readonly onCoordinator?: boolean;
  /** The name that the table had before. Where a table with that name exists, it is renamed; afterwards this changes nothing. */
  readonly renamedFrom?: string;
}
