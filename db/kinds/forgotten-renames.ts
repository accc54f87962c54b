// Kind: declared objects that are missing beside objects that are not declared and look the same. It only warns.
import type { ContinuousAggregate } from '../language/aggregate';
import { type DeclaredTable, type Desired, tablesOf } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, Kind } from '../model';
import type { RenameDialect } from './renames';

interface LookalikesState {
  /** Relations in the schemas of the declaration, with the types of their columns in order; empty when nothing is missing. */
  readonly relations: ReadonlyMap<string, RelationState>;
}

interface RelationState {
  readonly kind: 'table' | 'aggregate' | 'other';
  readonly columns: ReadonlyMap<string, string>;
}

/**
 * A name that changes in the declaration alone means a new and empty object, and the old one stays behind. This names such a pair
 * as one, with the hint that makes it a rename.
 */
export function forgottenRenames(dialect: RenameDialect): Kind<LookalikesState> {
  return {
    name: 'forgotten-renames',
    async read(db, desired) {
      if (!(await isIncomplete(db, desired))) return { relations: new Map() };
      const { rows } = await db.query<{ name: string; table: boolean; columns: [string, string][] }>(
        RELATIONS,
        [desired.schemas],
      );
      const names = rows.map(({ name }) => name);
      const aggregates = new Set(await dialect.readAggregates(db, names));
      const relations = rows.map(({ name, table, columns }): [string, RelationState] => [
        name,
        { kind: aggregates.has(name) ? 'aggregate' : table ? 'table' : 'other', columns: new Map(columns) },
      ]);
      return { relations: new Map(relations) };
    },
    compare(desired, { relations }) {
      if (relations.size === 0) return {};
      const declared = new Set([...tablesOf(desired), ...desired.aggregates].map(nameOf));
      const spare = [...relations].filter(([name]) => !declared.has(name));
      return {
        warnings: [
          ...tablesOf(desired).flatMap((table) => {
            const state = relations.get(nameOf(table));
            return state ? columnWarnings(table, state) : tableWarnings(table, spare);
          }),
          ...desired.aggregates.flatMap((aggregate) => {
            const state = relations.get(nameOf(aggregate));
            return state ? outputWarnings(aggregate, state) : aggregateWarnings(aggregate, spare);
          }),
        ],
      };
    },
  };
}

// Whether any declared relation or column is missing. It looks for names only, with the indexes of the catalog.
async function isIncomplete(db: Db, desired: Desired): Promise<boolean> {
  const columns = [...tablesOf(desired), ...desired.aggregates].flatMap(({ schema, name, columnNames }) =>
    (columnNames as readonly string[]).map((column) => [schema, name, column] as const),
  );
  const { rows } = await db.query(
    `SELECT FROM unnest($1::name[], $2::name[], $3::name[]) d (schema, name, column_name)
       LEFT JOIN pg_namespace n ON n.nspname = d.schema
       LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = d.name
       LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = d.column_name AND NOT a.attisdropped
      WHERE a.attname IS NULL LIMIT 1`,
    [0, 1, 2].map((at) => columns.map((column) => column[at])),
  );
  return rows.length > 0;
}

const RELATIONS = `
  SELECT format('%s.%s', n.nspname, c.relname) AS name, c.relkind IN ('r', 'p') AS table,
         (SELECT coalesce(json_agg(json_build_array(a.attname, format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum), '[]')
            FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
   WHERE n.nspname = ANY ($1) AND c.relkind IN ('r', 'p', 'v') AND NOT c.relispartition ORDER BY 1`;

function tableWarnings(table: DeclaredTable, spare: readonly (readonly [string, RelationState])[]): string[] {
  const alike = spare.filter(
    ([name, { kind, columns }]) =>
      kind === 'table' &&
      inSchema(table, name) &&
      columns.size === table.columnNames.length &&
      [...columns].every(([column, type]) => typeOf(table, column) === type),
  );
  return alike.map(
    ([name]) =>
      `${nameOf(table)} is declared and missing, and ${name} has the same columns and is not declared: if it is the same table under a new name, declare renamedFrom: '${baseOf(name)}'; otherwise ${nameOf(table)} begins empty, and the rows stay in ${name}`,
  );
}

function columnWarnings(table: DeclaredTable, { columns }: RelationState): string[] {
  const missing = (table.columnNames as readonly string[]).filter((column) => !columns.has(column));
  return missing.flatMap((column) =>
    [...columns]
      .filter(([other, type]) => !(other in table.columns) && type === typeOf(table, column))
      .map(
        ([other, type]) =>
          `${nameOf(table)} has no column ${column}, and its column ${other} is ${type} too and is not declared: if it is the same column under a new name, declare ${column} with .renamedFrom('${other}'); otherwise ${column} begins empty, and the values stay in ${other}`,
      ),
  );
}

function aggregateWarnings(
  aggregate: ContinuousAggregate,
  spare: readonly (readonly [string, RelationState])[],
): string[] {
  const alike = spare.filter(
    ([name, { kind, columns }]) =>
      kind === 'aggregate' &&
      inSchema(aggregate, name) &&
      JSON.stringify([...columns.keys()]) === JSON.stringify(aggregate.columnNames),
  );
  return alike.map(
    ([name]) =>
      `${nameOf(aggregate)} is declared and missing, and ${name} has the same columns and is not declared: if it is the same aggregate under a new name, declare renamedFrom: '${baseOf(name)}'; otherwise ${nameOf(aggregate)} is filled from the rows that are left, and older buckets stay in ${name}`,
  );
}

// A renamed figure stands where it stood before. A column of `groupBy` follows its source, for which there is a warning of its own.
function outputWarnings(aggregate: ContinuousAggregate, { columns }: RelationState): string[] {
  const present = [...columns.keys()];
  return (aggregate.columnNames as readonly string[]).flatMap((column, at) => {
    const other = present[at];
    const isFigure = column in aggregate.select;
    if (!isFigure || columns.has(column) || other === undefined || isDeclared(aggregate, other)) return [];
    return [
      `${nameOf(aggregate)} has no column ${column}, and ${other}, which stands in its place, is not declared: if it is the same figure under a new name, declare columnsRenamedFrom: { ${column}: '${other}' }; otherwise the aggregate is computed again`,
    ];
  });
}

const isDeclared = ({ columnNames }: ContinuousAggregate, column: string): boolean =>
  (columnNames as readonly string[]).includes(column);

const typeOf = (table: DeclaredTable, column: string): string | undefined =>
  (table.columns as DeclaredTable['columns'])[column]?.type;

const inSchema = ({ schema }: { readonly schema: string }, name: string): boolean =>
  name.startsWith(`${schema}.`);

const baseOf = (name: string): string => name.slice(name.indexOf('.') + 1);
