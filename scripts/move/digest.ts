// Digests of rows that both databases compute alike: the number of rows, and a sum over the hash of each row's text.
import { ident, literal } from '../../db/core/sql';
import type { Db } from '../../db/model';
import type { Moved, Range } from './model';
import { ORIGIN } from './model';
import { printAlike } from './sessions';

/** Equal digests mean equal rows, in any order, whichever engine stores them. */
export interface Digest {
  readonly rows: string;
  readonly sum: string;
}

export const sameDigest = (a: Digest, b: Digest): boolean => a.rows === b.rows && a.sum === b.sum;

/** SQL: the condition of a range. */
export function within({ kind, time }: Pick<Moved, 'kind' | 'time'>, { from, to }: Range): string {
  if (kind === 'keys' || (from === '-infinity' && to === 'infinity')) return 'true';
  const column = ident(time);
  return from === to
    ? `${column} = ${literal(from)}::timestamptz`
    : `${column} >= ${literal(from)}::timestamptz AND ${column} < ${literal(to)}::timestamptz`;
}

/**
 * SQL: the figures of a digest. A row's text is that of the whole row, in which NULL differs from an empty text; sessions of a move print
 * numbers exactly and times in UTC. A sum does not depend on the order of rows, and counts rows that are there twice.
 */
export const digestOf = (columns: readonly string[]): string =>
  `count(*)::text AS rows, coalesce(sum(hashtextextended(ROW(${columns.map((name) => ident(name)).join(', ')})::text, 0)), 0)::text AS sum`;

/** The digest of the rows of a range. Call it in a transaction. */
export async function digest(db: Db, side: 'source' | 'target', moved: Moved, range: Range): Promise<Digest> {
  await printAlike(db);
  const { rows } = await db.query<Digest>(
    `SELECT ${digestOf(moved.columns)} FROM ${moved[side]} WHERE ${within(moved, range)}`,
  );
  return rows[0] as Digest;
}

/** The digests of all slices that have rows, by the start of the slice. Call it in a transaction. */
export async function digestsBySlice(
  db: Db,
  side: 'source' | 'target',
  moved: Moved,
): Promise<ReadonlyMap<string, Digest & Range>> {
  await printAlike(db);
  const { rows } = await db.query<Digest & Range>(
    `SELECT s::text AS "from", (s + ${sliceWidth(moved)})::text AS "to", ${digestOf(moved.columns)}
       FROM (SELECT *, ${sliceOf(moved, ident(moved.time))} AS s FROM ${moved[side]}) r GROUP BY s`,
  );
  return new Map(rows.map((row) => [row.from, row]));
}

/** SQL: the length of a slice. */
export const sliceWidth = ({ width }: Pick<Moved, 'width'>): string => `interval '${width} microseconds'`;

/** SQL: the start of the slice that holds a time. */
export const sliceOf = (moved: Pick<Moved, 'width'>, time: string): string =>
  `date_bin(${sliceWidth(moved)}, ${time}, ${ORIGIN})`;
