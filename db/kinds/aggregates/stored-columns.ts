// Reads the columns of everything that a change of aggregates reads or replaces.
import type { Relation } from '../../language/aggregate';
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import type { Changing } from './model';

/** Types of columns by relation and name. A relation that does not exist is left out. */
export type Types = ReadonlyMap<string, ReadonlyMap<string, string>>;

/** The columns of the changing aggregates' stored buckets, and of all relations that they are built on; in one statement. */
export async function readStoredColumns(db: Db, changing: readonly Changing[]): Promise<Types> {
  const names = changing.flatMap(({ aggregate, state }) => [
    ...sources(aggregate.from),
    ...(state ? [nameOf(state.stored)] : []),
  ]);
  if (names.length === 0) return new Map();
  const { rows } = await db.query<{ relation: string; name: string; type: string }>(
    `SELECT format('%s.%s', n.nspname, c.relname) AS relation, a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type
       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE format('%s.%s', n.nspname, c.relname) = ANY ($1) ORDER BY 1, a.attnum`,
    [names],
  );
  const types = new Map<string, Map<string, string>>();
  for (const { relation: of, name, type } of rows)
    types.set(of, (types.get(of) ?? new Map<string, string>()).set(name, type));
  return types;
}

const sources = (relation: Relation): readonly string[] => [
  nameOf(relation),
  ...(relation.kind === 'aggregate' ? sources(relation.from) : []),
];
