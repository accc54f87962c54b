// The journal: the steps that each run planned, started and finished. It informs people and shows that a run was interrupted.
// What is left to do is always read from the catalog.
import type { Db, Step } from '../model';

/** Steps that an earlier run planned and did not finish. */
export interface Unfinished {
  readonly step: string;
  /** Was running when the process died; the outcome is unknown. */
  readonly interrupted: boolean;
}

/** Marks all unfinished steps as taken over by this run, and returns those of other runs. */
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

/** Writes one row per step and returns the ids in the order of the steps. */
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

/** Records that the step has started. */
export async function startEntry(db: Db, id: string): Promise<void> {
  await db.query('UPDATE tsdb.journal SET started_at = clock_timestamp() WHERE id = $1', [id]);
}

/** Records that the step is finished; part of the step's own transaction if it has one. */
export async function finishEntry(db: Db, id: string, retries: number): Promise<void> {
  await db.query(
    'UPDATE tsdb.journal SET started_at = coalesce(started_at, clock_timestamp()), finished_at = clock_timestamp(), retries = $2 WHERE id = $1',
    [id, retries],
  );
}

/** Records that the step has finally failed. An error of this statement itself is ignored, so that it does not hide the reported one. */
export async function failEntry(db: Db, id: string, retries: number, error: string): Promise<void> {
  await db
    .query('UPDATE tsdb.journal SET error = $3, retries = $2 WHERE id = $1', [id, retries, error])
    .catch(() => undefined);
}
