// Kind: columns of existing tables and hypertables. New ones get theirs with CREATE TABLE.
import type { Column } from '../../language/columns';
import type { Desired } from '../../language/desired';
import { nameOf } from '../../language/names';
import type { Db, Findings, Impact, Kind, Step } from '../../model';
import { NOTHING, readTableSizes } from '../../server/table-size';
import { addition, leavesValueBesideRows } from './additions';
import { countNulls, isEmpty, survival } from './answers';
import { readCanonicalColumns, readTypeChanges } from './canonical';
import { changes } from './changes';
import type { ColumnDialect, ColumnDifference, DeclaredTable } from './difference';
import { type ColumnState, type ConstraintState, readColumnStates, readConstraints } from './state';

interface ColumnsState {
  readonly differences: readonly ColumnDifference[];
  /** Tables with chunks to convert again after a column was added. */
  readonly pending: ReadonlyMap<string, Impact>;
  readonly undeclared: readonly string[];
}

/** Compares columns the way the server prints them; the engine knows about chunks and about who reads a column. */
export function columns(dialect: ColumnDialect): Kind<ColumnsState> {
  return {
    name: 'columns',
    async read(db, desired) {
      const tables = tablesOf(desired);
      const names = tables.map(nameOf);
      const states = await readColumnStates(db, names);
      const differing = await findDifferences(db, tables, states);
      return {
        differences: await learn(db, dialect, differing),
        pending: (await dialect.rebuild?.readPending(db)) ?? new Map(),
        undeclared: undeclared(tables, states, await readConstraints(db, names)),
      };
    },
    compare(desired, { differences, pending, undeclared: left }) {
      const found = tablesOf(desired).map((table): Partial<Findings> => {
        const own = differences.filter((difference) => difference.table === table);
        const each = own.map((one) => (one.actual === undefined ? addition(dialect, one) : changes(one)));
        return {
          steps: [
            ...each.flatMap(({ steps = [] }) => steps),
            ...rebuild(dialect, table, own, pending.get(nameOf(table))),
          ],
          refusals: each.flatMap(({ refusals = [] }) => refusals),
        };
      });
      return {
        steps: found.flatMap(({ steps = [] }) => steps),
        refusals: found.flatMap(({ refusals = [] }) => refusals),
        undeclared: left,
      };
    },
  };
}

const tablesOf = (desired: Desired): readonly DeclaredTable[] => [...desired.tables, ...desired.hypertables];

// Once per table, after all its columns: each conversion costs as much as all data of a chunk.
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

type Differing = Pick<ColumnDifference, 'table' | 'name' | 'wanted' | 'actual'>;

// Texts that are equal are equal; the server is asked about the others, and about what is missing.
async function findDifferences(
  db: Db,
  tables: readonly DeclaredTable[],
  states: readonly ColumnState[],
): Promise<readonly Differing[]> {
  const declared = tables
    .filter((table) => states.some((state) => state.table === nameOf(table)))
    .flatMap((table) =>
      Object.entries<Column>(table.columns).map(([name, column]) => ({
        table,
        name,
        column,
        nullable: column.nullable && !(table.kind === 'table' && table.primaryKey.includes(name)),
        actual: states.find((state) => state.table === nameOf(table) && state.name === name),
      })),
    );
  const unclear = declared.filter(
    ({ column, actual }) => actual?.type !== column.type || actual.defaultSql !== (column.defaultSql ?? null),
  );
  const canonical = await readCanonicalColumns(
    db,
    unclear.map(({ column }) => column),
  );
  return declared.flatMap(({ table, name, column, nullable, actual }): Differing[] => {
    const wanted = { ...canonical(column), nullable };
    if (actual === undefined) return [{ table, name, wanted }];
    const same =
      !actual.generated &&
      actual.type === wanted.type &&
      actual.defaultSql === wanted.defaultSql &&
      actual.nullable === nullable;
    return same ? [] : [{ table, name, wanted, actual }];
  });
}

// Only tables that differ cost these queries; a database in sync costs none of them.
async function learn(
  db: Db,
  dialect: ColumnDialect,
  differing: readonly Differing[],
): Promise<readonly ColumnDifference[]> {
  if (differing.length === 0) return [];
  const tables = [...new Set(differing.map(({ table }) => table))];
  const sizes = await readTableSizes(db, dialect.engine, tables);
  const users = await dialect.readUsers(db, tables.map(nameOf));
  const retyped = differing.filter(({ wanted, actual }) => actual && actual.type !== wanted.type);
  const typeChanges = await readTypeChanges(
    db,
    retyped.map(({ wanted, actual }) => ({ from: actual?.type ?? '', to: wanted.type })),
  );
  const learnt: ColumnDifference[] = [];
  for (const one of differing) {
    const { table, name, wanted, actual } = one;
    const size = sizes.get(nameOf(table)) ?? NOTHING;
    const base = { ...one, size, users: users.get(`${nameOf(table)}.${name}`) ?? [] };
    const change = typeChanges[retyped.indexOf(one)];
    if (actual === undefined) {
      // Old rows matter where they would need a value of their own.
      const asks = wanted.defaultKind !== 'constant' && !(wanted.nullable && wanted.defaultKind === 'none');
      learnt.push(asks ? { ...base, empty: await isEmpty(db, table) } : base);
    } else {
      const asked = { table, column: name };
      const nulls = actual.nullable && !wanted.nullable ? await countNulls(db, asked) : undefined;
      const worthAsking =
        change?.rewrites && !change.lossless && change.error === null && size.compressed.chunks === 0;
      const values = worthAsking
        ? await survival(db, asked, actual.type, wanted.type)
        : ({ kind: 'unknown' } as const);
      learnt.push({
        ...base,
        ...(nulls === undefined ? {} : { nulls }),
        ...(change === undefined ? {} : { typeChange: { ...change, survival: values } }),
      });
    }
  }
  return learnt;
}

function undeclared(
  tables: readonly DeclaredTable[],
  states: readonly ColumnState[],
  constraints: readonly ConstraintState[],
): readonly string[] {
  return tables.flatMap((table) => [
    ...states
      .filter((state) => state.table === nameOf(table) && !(state.name in table.columns))
      .map((state) => `column ${state.name} of ${state.table}`),
    // The primary key of an ordinary table is declared, and compared with the table.
    ...constraints
      .filter((constraint) => constraint.table === nameOf(table))
      .filter(({ kind }) => !(kind === 'primary key' && table.kind === 'table'))
      .map(({ kind, name, table: owner }) => `${kind} constraint ${name} of ${owner}`),
  ]);
}
