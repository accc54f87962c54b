// One column that is not as declared, with everything that is known about it.
import type { Hypertable } from '../../language/hypertable';
import type { PlainTable } from '../../language/table';
import type { Db, EngineName, Impact, Step } from '../../model';
import type { TableSize } from '../../server/table-size';
import type { Survival } from './answers';
import type { CanonicalColumn, TypeChange } from './canonical';
import type { ColumnState } from './state';

/** A declared object that has columns of its own. */
export type DeclaredTable = Hypertable | PlainTable;

export interface ColumnDifference {
  readonly table: DeclaredTable;
  readonly name: string;
  readonly wanted: CanonicalColumn & { readonly nullable: boolean };
  /** Absent: the column is missing. */
  readonly actual?: ColumnState;
  readonly size: TableSize;
  /** Whether the table has no row; asked where a missing column needs a value in old rows. */
  readonly empty?: boolean;
  /** Known where the type differs. */
  readonly typeChange?: TypeChange & { readonly survival: Survival };
  /** Views and aggregates that read the column. */
  readonly users: readonly string[];
  /** Rows that are NULL; absent when not asked or too long to count. */
  readonly nulls?: number;
}

/** What columns need to know of an engine. */
export interface ColumnDialect {
  readonly engine: EngineName;
  /** Views and aggregates that use columns of the tables, by `schema.table.column`. */
  readUsers(db: Db, tables: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>>;
  /** Present where converted chunks keep the default of a new column beside their rows. */
  readonly rebuild?: {
    /** Tables with chunks that wait to be converted again. */
    readPending(db: Db): Promise<ReadonlyMap<string, Impact>>;
    /** Notes the converted chunks of a table; runs in the transaction that adds the column. */
    note(table: DeclaredTable): string;
    step(table: DeclaredTable, impact: Impact): Step;
  };
}
