// The ranges of the first copy. They are listed once, after changes are noted, so that what comes later is among the changes.
import { ident } from '../../db/core/sql';
import type { Db } from '../../db/model';
import { withTransaction } from '../../db/server/connection';
import { sliceOf, sliceWidth } from './digest';
import type { Moved, Range } from './model';
import { SLICES } from './model';
import { SCHEMA } from './state';

/** Rows that one range of the first copy should have at most; a single slice may have more. */
const ROWS_OF_PART = 100_000;

/** A slice of time that has rows. */
export interface Slice extends Range {
  readonly rows: number;
}

/** A range that is still to be copied. */
export interface Part extends Slice {
  readonly moved: Moved;
}

/** Lists what is to be copied of each relation, unless an earlier run has. */
export async function listParts(source: Db, relations: readonly Moved[]): Promise<void> {
  for (const moved of relations) {
    if (moved.kind === 'stored') continue;
    const { rows } = await source.query(
      `SELECT FROM ${SCHEMA}.relation WHERE number = $1 AND listed_at IS NOT NULL`,
      [moved.number],
    );
    if (rows.length > 0) continue;
    const parts = moved.kind === 'keys' ? [EVERYTHING] : joinSlices(await readSlices(source, moved));
    await withTransaction(source, async () => {
      await source.query(
        `INSERT INTO ${SCHEMA}.part (relation, from_time, to_time, row_count)
         SELECT $1, * FROM unnest($2::timestamptz[], $3::timestamptz[], $4::bigint[])`,
        [
          moved.number,
          parts.map(({ from }) => from),
          parts.map(({ to }) => to),
          parts.map((part) => part.rows),
        ],
      );
      await source.query(`UPDATE ${SCHEMA}.relation SET listed_at = now() WHERE number = $1`, [moved.number]);
    });
  }
}

const EVERYTHING: Slice = { from: '-infinity', to: 'infinity', rows: 0 };

async function readSlices(source: Db, moved: Moved): Promise<readonly Slice[]> {
  const { rows } = await source.query<{ from: string; to: string; rows: string }>(
    `SELECT s::text AS "from", (s + ${sliceWidth(moved)})::text AS "to", rows
       FROM (SELECT ${sliceOf(moved, ident(moved.time))} AS s, count(*) AS rows FROM ${moved.source} GROUP BY 1) r ORDER BY s`,
  );
  return rows.map((row) => ({ ...row, rows: Number(row.rows) }));
}

/** Joins neighbouring slices into ranges of at most so many rows and at most the length of a chunk. */
export function joinSlices(slices: readonly Slice[], most = ROWS_OF_PART): readonly Slice[] {
  const joined: (Slice & { length: number })[] = [];
  for (const slice of slices) {
    const last = joined.at(-1);
    if (
      last !== undefined &&
      last.to === slice.from &&
      last.from !== last.to &&
      slice.from !== slice.to &&
      last.rows + slice.rows <= most &&
      last.length < SLICES
    )
      joined[joined.length - 1] = {
        from: last.from,
        to: slice.to,
        rows: last.rows + slice.rows,
        length: last.length + 1,
      };
    else joined.push({ ...slice, length: 1 });
  }
  return joined.map(({ from, to, rows }) => ({ from, to, rows }));
}

/** What is still to be copied, tables first. */
export async function pendingParts(source: Db, relations: readonly Moved[]): Promise<readonly Part[]> {
  const { rows } = await source.query<{ relation: number; from: string; to: string; rows: string }>(
    `SELECT relation, from_time::text AS "from", to_time::text AS "to", row_count AS rows
       FROM ${SCHEMA}.part WHERE copied_at IS NULL ORDER BY relation, from_time`,
  );
  return rows.map(({ relation, from, to, rows: count }) => ({
    moved: relations.find(({ number }) => number === relation) as Moved,
    from,
    to,
    rows: Number(count),
  }));
}

export async function notePart(source: Db, { moved, from }: Part, rows: number): Promise<void> {
  await source.query(
    `UPDATE ${SCHEMA}.part SET copied_at = clock_timestamp(), row_count = $3 WHERE (relation, from_time) = ($1, $2::timestamptz)`,
    [moved.number, from, rows],
  );
}

/** How many ranges and rows are copied, of how many. */
export interface PartCounts {
  readonly parts: number;
  readonly copied: number;
  readonly rows: number;
  readonly copiedRows: number;
}

export async function countParts(source: Db): Promise<PartCounts> {
  const { rows } = await source.query<PartCounts>(
    `SELECT count(*)::int AS parts, count(copied_at)::int AS copied, coalesce(sum(row_count), 0)::float8 AS rows,
            coalesce(sum(row_count) FILTER (WHERE copied_at IS NOT NULL), 0)::float8 AS "copiedRows" FROM ${SCHEMA}.part`,
  );
  return rows[0] as PartCounts;
}
