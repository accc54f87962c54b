// Copies one range: deletes it at the target and writes it again, in one transaction, from one snapshot of the source. So it can be
// repeated at any time.
import { pipeline } from 'node:stream/promises';
import { from as copyFrom, to as copyTo } from 'pg-copy-streams';
import { DatabaseError } from '../../db/core/errors';
import { ident } from '../../db/core/sql';
import { withTransaction } from '../../db/server/connection';
import { type Digest, digest, sameDigest, within } from './digest';
import type { Moved, Pair, Range } from './model';
import { SCHEMA } from './state';

export const SNAPSHOT = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';

export interface Copied {
  readonly rows: number;
  /** False when the rows were already alike. */
  readonly wrote: boolean;
}

/**
 * Makes the rows of a range at the target those of the source, compares both, and removes the notes of changes that this copy has seen.
 * @param compareFirst whether the rows are probably alike already, so that comparing them first may save the copy.
 * @throws DatabaseError when the rows differ after the copy; nothing of it is kept then.
 */
export async function copyRange(
  { source, target }: Pair,
  moved: Moved,
  range: Range,
  compareFirst: boolean,
): Promise<Copied> {
  const seen = await withTransaction(
    source,
    async () => {
      const changes = await seenChanges(source, moved, range);
      const expected = await digest(source, 'source', moved, range);
      const there = compareFirst
        ? await withTransaction(target, () => digest(target, 'target', moved, range))
        : undefined;
      if (there !== undefined && sameDigest(expected, there)) return { changes, expected, wrote: false };
      await withTransaction(target, async () => {
        await target.query(`DELETE FROM ${moved.target} WHERE ${within(moved, range)}`);
        if (expected.rows !== '0') await pump({ source, target }, moved, within(moved, range));
        requireSame(moved, range, expected, await digest(target, 'target', moved, range));
      });
      return { changes, expected, wrote: true };
    },
    SNAPSHOT,
  );
  await forget(source, seen.changes);
  return { rows: Number(seen.expected.rows), wrote: seen.wrote };
}

async function seenChanges(source: Pair['source'], moved: Moved, range: Range): Promise<readonly string[]> {
  if (moved.kind === 'stored') return [];
  const { rows } = await source.query<{ id: string }>(
    moved.kind === 'keys'
      ? `SELECT id FROM ${SCHEMA}.change WHERE relation = $1 AND kind = 'row'`
      : `SELECT id FROM ${SCHEMA}.change WHERE relation = $1 AND kind <> 'all' AND from_time >= $2::timestamptz AND to_time <= $3::timestamptz`,
    moved.kind === 'keys' ? [moved.number] : [moved.number, range.from, range.to],
  );
  return rows.map(({ id }) => id);
}

/** Removes notes of changes that are copied. */
export async function forget(source: Pair['source'], changes: readonly string[]): Promise<void> {
  if (changes.length > 0)
    await source.query(`DELETE FROM ${SCHEMA}.change WHERE id = ANY ($1::bigint[])`, [changes]);
}

/** Writes rows of the source into the target, in the binary form that both servers share. */
export async function pump({ source, target }: Pair, moved: Moved, condition: string): Promise<void> {
  const columns = moved.columns.map((name) => ident(name)).join(', ');
  const out = source.query(
    copyTo(`COPY (SELECT ${columns} FROM ${moved.source} WHERE ${condition}) TO STDOUT (FORMAT binary)`),
  );
  const into = target.query(copyFrom(`COPY ${moved.target} (${columns}) FROM STDIN (FORMAT binary)`));
  await pipeline(out, into);
}

export function requireSame(moved: Moved, range: Range, here: Digest, there: Digest): void {
  if (sameDigest(here, there)) return;
  throw new DatabaseError(
    `${moved.name} from ${range.from} to ${range.to} differs after the copy: ${here.rows} rows with checksum ${here.sum} at the source, ${there.rows} rows with checksum ${there.sum} at the target. Does something else write to the target?`,
  );
}
