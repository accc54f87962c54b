// The journal: which steps a run planned, started and finished. It is for people and for telling an interrupted run; what
// is left to do is read from the catalog itself.
import type { Db, Step } from '../model';

/** Steps that an earlier run planned and did not finish. */
export interface Unfinished {
  readonly step: string;
  /** Whether it was under way, so that nobody was told how it ended. */
  readonly interrupted: boolean;
}

/** Marks everything unfinished as taken over by this run, and returns what other runs left. */
export async function takeOver(db: Db, run: string): Promise<readonly Unfinished[]> {
  const { rows } = await db.query<Unfinished>(
    `WITH open AS (
       UPDATE tsdb.journal SET taken_over_by = $1 WHERE finished_at IS NULL AND taken_over_by IS NULL
       RETURNING id, run, step, started_at IS NOT NULL AND error IS NULL AS interrupted
     ) SELECT step, interrupted FROM open WHERE run <> $1 ORDER BY id`,
    [run],
  );
  return rows;
}

/** Writes one row per step; returns their ids in the order of the steps. */
export async function planEntries(db: Db, run: string, steps: readonly Step[]): Promise<readonly string[]> {
  const { rows } = await db.query<{ id: string }>(
    `INSERT INTO tsdb.journal (run, step, statements)
     SELECT $1, s.value ->> 'id', ARRAY(SELECT jsonb_array_elements_text(s.value -> 'sql'))
       FROM jsonb_array_elements($2::jsonb) WITH ORDINALITY s (value, at) ORDER BY s.at
     RETURNING id`,
    [run, JSON.stringify(steps.map(({ id, sql }) => ({ id, sql })))],
  );
  return rows.map((row) => row.id).sort((a, b) => Number(a) - Number(b));
}

/** The step is under way. */
export async function startEntry(db: Db, id: string): Promise<void> {
  await db.query('UPDATE tsdb.journal SET started_at = clock_timestamp() WHERE id = $1', [id]);
}

/** The step is done; in its own transaction where it has one. */
export async function finishEntry(db: Db, id: string, retries: number): Promise<void> {
  await db.query(
    'UPDATE tsdb.journal SET started_at = coalesce(started_at, clock_timestamp()), finished_at = clock_timestamp(), retries = $2 WHERE id = $1',
    [id, retries],
  );
}

/** The step failed for good. Must not hide the error that it reports. */
export async function failEntry(db: Db, id: string, retries: number, error: string): Promise<void> {
  await db
    .query('UPDATE tsdb.journal SET error = $3, retries = $2 WHERE id = $1', [id, retries, error])
    .catch(() => undefined);
}
