// Keeps in the database which batches of an import are in the table. A batch and its entry are written in one transaction.
import type { Client } from 'pg';
import { DatabaseError, RefusedError } from '../../../db/core/errors';
import { counted } from '../../../db/core/quantities';
import { nameOf } from '../../../db/language/names';
import { takeAdvisoryLock } from '../../../db/server/connection';
import type { Batch, Checked } from '../check/check';
import type { ImportOptions, ImportReport, Refusal } from '../options';
import { LAYOUT } from '../read/batches';
import type { Digests } from '../read/content';
import type { Written } from './write-rows';

/** Where an import stands when a run takes it up. */
export interface Claim {
  /** Numbers of the batches that are in the table. */
  readonly finished: ReadonlySet<number>;
  /** Number of rows in them that the table itself has refused. */
  readonly refused: number;
  /** This run has made the entry of the import. */
  readonly isNew: boolean;
}

const NOTHING: Claim = { finished: new Set<number>(), refused: 0, isNew: false };

/** Sums over the batches that are in the table, with the rows that the table itself refused. */
export interface Totals extends Pick<ImportReport, 'rows' | 'skipped' | 'rejected' | 'from' | 'to'> {
  readonly refused: readonly Refusal[];
}

// Any fixed number; the other half of the lock is a hash of the import's id.
const LOCK = 0x7473_696d;
const LOCK_WAIT_MS = 15_000;

/**
 * Holds the import for this session, so that two processes never write it at a time.
 * @throws RefusedError when another session still holds it after 15 s; the server needs some of that time to notice a killed process.
 */
export async function holdImport(db: Client, id: string): Promise<void> {
  const lock = { key: '$1, hashtext($2)', values: [LOCK, id], waitMs: LOCK_WAIT_MS };
  if (await takeAdvisoryLock(db, lock)) return;
  throw new RefusedError(`import ${id} is under way in another process; wait for it to end`);
}

/**
 * Takes up an import, inside a transaction: a new one, one that was interrupted, or a finished one again.
 * @throws RefusedError when it is finished and --again is not given, or when its id belongs to another file or table.
 */
export async function claimImport(
  db: Client,
  { id, content }: Digests,
  options: ImportOptions,
): Promise<Claim> {
  const { file, table, again } = options;
  const target = nameOf(table);
  await refuseOtherContent(db, id, options);
  const { rowCount } = await db.query(
    `INSERT INTO tsdb.import (digest, file, target, row_count, state, content, layout) VALUES ($1, $2, $3, 0, 'loading', $4, $5)
       ON CONFLICT (digest) DO NOTHING`,
    [id, file, target, content, LAYOUT],
  );
  if (rowCount === 1) return { ...NOTHING, isNew: true };
  const { rows } = await db.query<{
    at: string;
    row_count: string;
    state: string;
    content: string | null;
    layout: string;
    target: string;
  }>(
    `SELECT to_char(imported_at, 'YYYY-MM-DD HH24:MI:SS TZ') AS at, row_count, state, content, layout, target
         FROM tsdb.import WHERE digest = $1 FOR UPDATE`,
    [id],
  );
  const known = rows[0];
  if (!known) throw new RefusedError(`import ${id} has just been removed; start it again`);
  if (known.target !== target || (known.content !== null && known.content !== content))
    throw new RefusedError(
      `import ${id} was made from other content or for another table (${known.target}, ${known.at}); choose another --id`,
    );
  if (known.state === 'done') {
    if (!again)
      throw new RefusedError(
        `${file} was imported into ${target} before (${known.at}, ${counted(Number(known.row_count), 'row')}); a second import would double its rows. If you want that, add --again`,
      );
    await db.query('DELETE FROM tsdb.import_batch WHERE digest = $1', [id]);
    await db.query(
      `UPDATE tsdb.import SET state = 'loading', imported_at = now(), content = $2, layout = $3, row_count = 0 WHERE digest = $1`,
      [id, content, LAYOUT],
    );
    return NOTHING;
  }
  const { rows: batches } = await db.query<{ number: number; refused: number }>(
    'SELECT number, jsonb_array_length(refused) AS refused FROM tsdb.import_batch WHERE digest = $1',
    [id],
  );
  if (batches.length > 0 && known.layout !== LAYOUT)
    throw new RefusedError(
      `import ${id} was begun by another version, which cuts batches in another way (${known.layout}); finish it with that version`,
    );
  await db.query('UPDATE tsdb.import SET layout = $2 WHERE digest = $1', [id, LAYOUT]);
  return {
    finished: new Set(batches.map(({ number }) => number)),
    refused: batches.reduce((sum, { refused }) => sum + refused, 0),
    isNew: false,
  };
}

// When a file was corrected after an interruption, its first rows are in the table already, and a new import would bring them twice.
async function refuseOtherContent(
  db: Client,
  id: string,
  { file, table, again }: ImportOptions,
): Promise<void> {
  const { rows } = await db.query<{ digest: string; rows: string }>(
    `SELECT i.digest, sum(b.row_count) AS rows FROM tsdb.import i JOIN tsdb.import_batch b USING (digest)
      WHERE i.file = $1 AND i.target = $2 AND i.state = 'loading' AND i.digest <> $3 GROUP BY 1 LIMIT 1`,
    [file, nameOf(table), id],
  );
  const other = rows[0];
  if (!other || again) return;
  throw new RefusedError(
    `an import of ${file} into ${nameOf(table)} was interrupted after ${counted(Number(other.rows), 'row')} (${other.digest}), and since then the content or the flags that say how to read it have changed; a new import would bring these rows twice. Finish the first import with the same file and flags, or delete its rows and add --again`,
  );
}

/**
 * Enters a batch, inside its transaction and before its rows.
 * @returns false when the batch is in the table already. Waits while another session writes it.
 */
export async function enterBatch(db: Client, id: string, number: number): Promise<boolean> {
  const { rowCount } = await db.query(
    'INSERT INTO tsdb.import_batch (digest, number) VALUES ($1, $2) ON CONFLICT DO NOTHING',
    [id, number],
  );
  return rowCount === 1;
}

/** Completes the entry of a batch, inside its transaction. */
export async function completeBatch(
  db: Client,
  id: string,
  { number, times }: Batch,
  { rows, skipped, rejected, refused }: Written,
): Promise<void> {
  const refusals = refused.map(({ line, reason, original }) => ({ line, reason, original }));
  await db.query(
    `UPDATE tsdb.import_batch SET row_count = $3, skipped = $4, rejected = $5, from_time = $6, to_time = $7, refused = $8::jsonb
      WHERE digest = $1 AND number = $2`,
    [id, number, rows, skipped, rejected, times.at(0), times.at(-1), JSON.stringify(refusals)],
  );
}

/**
 * Adds up the batches, and marks the import as loaded.
 * @throws DatabaseError when the counts do not agree with those of the first pass: then rows are missing or written twice.
 */
export async function closeLoading(db: Client, checked: Checked): Promise<Totals> {
  const { id } = checked;
  const { rows } = await db.query<Totals & { readonly batches: number }>(
    `SELECT count(*)::int AS batches, coalesce(sum(row_count), 0)::float8 AS rows, coalesce(sum(skipped), 0)::float8 AS skipped,
            coalesce(sum(rejected), 0)::float8 AS rejected,
            to_char(min(from_time) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "from",
            to_char(max(to_time) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS "to",
            coalesce((SELECT jsonb_agg(r) FROM tsdb.import_batch o, jsonb_array_elements(o.refused) r WHERE o.digest = $1), '[]') AS refused
       FROM tsdb.import_batch WHERE digest = $1`,
    [id],
  );
  const { batches, ...totals } = rows[0] as Totals & { readonly batches: number };
  const sum = totals.rows + totals.skipped + totals.rejected;
  if (batches !== checked.batches.length || sum !== checked.records)
    throw new DatabaseError(
      `the counts of the import do not agree: ${batches} of ${counted(checked.batches.length, 'batch', 'batches')} with ${counted(totals.rows, 'row')}, ${totals.skipped} skipped and ${totals.rejected} refused, of ${counted(checked.records, 'row')} of the file; look at tsdb.import_batch of ${id}`,
    );
  await db.query(`UPDATE tsdb.import SET state = 'loaded', row_count = $2 WHERE digest = $1`, [
    id,
    totals.rows,
  ]);
  return totals;
}

/** Marks the import as done. */
export async function closeImport(db: Client, id: string): Promise<void> {
  await db.query(`UPDATE tsdb.import SET state = 'done', imported_at = now() WHERE digest = $1`, [id]);
}

/** Removes the entry of an import that has written no batch, so that nothing stays behind. */
export async function forgetEmpty(db: Client, id: string): Promise<void> {
  await db.query(
    `DELETE FROM tsdb.import i WHERE digest = $1 AND state = 'loading' AND NOT EXISTS (SELECT FROM tsdb.import_batch b WHERE b.digest = i.digest)`,
    [id],
  );
}
