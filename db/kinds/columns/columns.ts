// Kind: columns of existing tables and hypertables. CREATE TABLE creates the columns of new ones.
import { type DeclaredTable, tablesOf } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Findings, Impact, Kind, Step } from '../../model';
import { addition, leavesValueBesideRows } from './additions';
import { changes } from './changes';
import { type ColumnDialect, type ColumnDifference, type Pending, readDifferences } from './difference';
import { readColumns, type UndeclaredColumn } from './read';
import { freeUndeclared } from './undeclared-not-null';

interface ColumnsState {
  readonly differences: readonly ColumnDifference[];
  /** Tables with chunks to convert again after a column was added. */
  readonly pending: Pending;
  readonly undeclared: readonly string[];
  readonly inTheWay: readonly UndeclaredColumn[];
}

/** Compares columns as the server prints them. The engine knows about chunks and about the readers of a column. */
export function columns(dialect: ColumnDialect): Kind<ColumnsState> {
  return {
    name: 'columns',
    async read(db, desired) {
      const { differing, undeclared, inTheWay } = await readColumns(db, tablesOf(desired));
      return {
        differences: await readDifferences(db, dialect, differing),
        pending: (await dialect.rebuild?.readPending(db)) ?? { impact: new Map(), warnings: [] },
        undeclared,
        inTheWay,
      };
    },
    compare(desired, { differences, pending, undeclared, inTheWay }) {
      const found = tablesOf(desired).map((table): Partial<Findings> => {
        const own = differences.filter((difference) => difference.table === table);
        const each = [
          ...own.map((one) => (one.actual === undefined ? addition(dialect, one) : changes(one))),
          ...inTheWay.filter((one) => one.table === table).map(freeUndeclared),
        ];
        return {
          steps: [
            ...each.flatMap(({ steps = [] }) => steps),
            ...rebuild(dialect, table, own, pending.impact.get(nameOf(table))),
          ],
          refusals: each.flatMap(({ refusals = [] }) => refusals),
        };
      });
      return {
        steps: found.flatMap(({ steps = [] }) => steps),
        refusals: found.flatMap(({ refusals = [] }) => refusals),
        undeclared,
        warnings: pending.warnings,
      };
    },
  };
}

// The chunks of a table are converted once, after all its columns, because each conversion writes the whole chunk.
function rebuild(
  dialect: ColumnDialect,
  table: DeclaredTable,
  differences: readonly ColumnDifference[],
  pending: Impact | undefined,
): readonly Step[] {
  const added = differences.find(leavesValueBesideRows);
  const impact = added?.size.compressed ?? pending;
  return dialect.rebuild === undefined || impact === undefined ? [] : [dialect.rebuild.step(table, impact)];
}
