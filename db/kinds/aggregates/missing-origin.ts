// Aggregates whose declared source does not exist yet, for example because its name changed: it covers nothing.
import { nameOf } from '../../language/names';
import type { Db } from '../../model';
import type { AggregateDialect, Changing } from './model';

/** The dialect, with an empty coverage for origins that it cannot read. */
export async function knowingMissing(
  db: Db,
  dialect: AggregateDialect,
  changing: readonly Changing[],
): Promise<AggregateDialect> {
  const tables = changing.filter(({ originState }) => originState === undefined).map(({ origin }) => origin);
  if (tables.length === 0 || dialect.readMissing === undefined) return dialect;
  const missing = await dialect.readMissing(db, tables);
  return {
    ...dialect,
    coverage: (one) =>
      missing.has(nameOf(one.origin)) ? 'SELECT NULL::tstzrange AS range WHERE false' : dialect.coverage(one),
  };
}
