// Counts what dropping objects would delete, in a number of statements that does not grow with the objects.
import { literal } from '../../core/sql';
import { nameOf } from '../../language/names';
import type { Db, EngineName } from '../../model';
import { withTimeLimit } from '../../server/savepoint';
import { readTableSizes } from '../../server/table-size';
import type { DropFigures, UndeclaredObject } from './model';

// Long enough for some hundred million rows. After that the planner's estimate has to do.
const LIMIT_SECONDS = 60;
const QUERY_CANCELED = '57014';

/** The figures of relations by name; functions have none. */
export async function readDropFigures(
  db: Db,
  engine: EngineName,
  objects: readonly UndeclaredObject[],
): Promise<ReadonlyMap<string, DropFigures>> {
  const relations = objects.filter(({ kind, stored }) => kind !== 'function' && stored !== null);
  if (relations.length === 0) return new Map();
  const sizes = await readTableSizes(db, engine, relations);
  const counts = await countRows(db, relations);
  return new Map(
    relations.map((object) => {
      const { chunks = 0, rows = 0, bytes = 0 } = sizes.get(nameOf(object)) ?? {};
      const counted = counts?.get(nameOf(object));
      // An ordinary table counts as one chunk, and so do the buckets of an emulated aggregate, which are one table.
      const isOne = object.kind === 'table' || (engine !== 'timescaledb' && object.kind === 'aggregate');
      const figures = { chunks: isOne ? 0 : chunks, bytes, rows, exact: false };
      return [nameOf(object), counted === undefined ? figures : { ...figures, ...counted, exact: true }];
    }),
  );
}

type Counted = Pick<DropFigures, 'rows' | 'buckets'>;

async function countRows(
  db: Db,
  objects: readonly UndeclaredObject[],
): Promise<ReadonlyMap<string, Counted> | undefined> {
  const queries = objects.map(
    (object) =>
      `SELECT ${literal(nameOf(object))} AS name, count(*)::float8 AS rows, ${object.kind === 'aggregate' ? 'count(DISTINCT "bucket")::float8' : 'NULL::float8'} AS buckets FROM ${object.stored}`,
  );
  return withTimeLimit(db, LIMIT_SECONDS, async () => {
    const { rows } = await db.query<{ name: string; rows: number; buckets: number | null }>(
      queries.join(' UNION ALL '),
    );
    return new Map(
      rows.map(({ name, rows: count, buckets }) => [
        name,
        { rows: count, ...(buckets === null ? {} : { buckets }) },
      ]),
    );
  }).catch((error: { readonly code?: string }) => {
    if (error.code === QUERY_CANCELED) return undefined;
    throw error;
  });
}
