// Aggregates whose declared source does not exist yet, for example because its name changed: it covers nothing.
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import type { AggregateDialect, Changing } from './model';

/** The dialect, with an empty coverage for origins that do not exist. One query, and none where nothing changes. */
export async function knowingMissing(
  db: Db,
  dialect: AggregateDialect,
  changing: readonly Changing[],
): Promise<AggregateDialect> {
  if (changing.length === 0) return dialect;
  const { rows } = await db.query<{ name: string }>(
    `SELECT o.name FROM unnest($1::text[], $2::name[], $3::name[]) o (name, schema_name, table_name)
      WHERE to_regclass(format('%I.%I', o.schema_name, o.table_name)) IS NULL`,
    [
      changing.map(({ origin }) => nameOf(origin)),
      changing.map(({ origin }) => origin.schema),
      changing.map(({ origin }) => origin.name),
    ],
  );
  const missing = new Set(rows.map(({ name }) => name));
  return {
    ...dialect,
    coverage: (one) =>
      missing.has(nameOf(one.origin)) ? 'SELECT NULL::tstzrange AS range WHERE false' : dialect.coverage(one),
  };
}
