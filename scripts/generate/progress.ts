// The progress of sample data: one row per set, written in the same transaction as the rows that it describes.
import type { Db } from '../../db/model';
import type { SampleOptions } from './sample';

export interface SeedProgress {
  readonly options: SampleOptions;
  /** First instant that has been written. */
  readonly began: Date;
  /** The step that comes next. */
  readonly next: Date;
  /** The aggregates hold everything before this. */
  readonly refreshed: Date;
  /** State of the next step, JSON. */
  readonly state: string;
}

// The state is text and not jsonb, because its numbers must be read back without any change.
const TABLE = `CREATE TABLE IF NOT EXISTS tsdb.seed_progress (
  set_name  text PRIMARY KEY,
  options   json NOT NULL,
  began     timestamptz NOT NULL,
  next      timestamptz NOT NULL,
  refreshed timestamptz NOT NULL,
  state     text NOT NULL
)`;

/** Makes the table; in a transaction of its own or in the caller's. */
export const ensureProgress = (db: Db): Promise<unknown> => db.query(TABLE);

export async function readProgress(db: Db, set: string): Promise<SeedProgress | undefined> {
  const { rows } = await db.query<SeedProgress>(
    'SELECT options, began, next, refreshed, state FROM tsdb.seed_progress WHERE set_name = $1',
    [set],
  );
  return rows[0];
}

/** Stores the beginning of a set; an earlier progress of the set is replaced. */
export async function startProgress(
  db: Db,
  set: string,
  { options, from, state }: Pick<SeedProgress, 'options' | 'state'> & { readonly from: Date },
): Promise<void> {
  await db.query(
    `INSERT INTO tsdb.seed_progress (set_name, options, began, next, refreshed, state) VALUES ($1, $2, $3, $3, $3, $4)
     ON CONFLICT (set_name) DO UPDATE SET (options, began, next, refreshed, state) =
       (excluded.options, excluded.began, excluded.next, excluded.refreshed, excluded.state)`,
    [set, JSON.stringify(options), from, state],
  );
}

/** @returns false when another run has written the step at `before` in the meantime. */
export async function moveProgress(
  db: Db,
  set: string,
  before: Date,
  { next, state }: Pick<SeedProgress, 'next' | 'state'>,
): Promise<boolean> {
  const { rowCount } = await db.query(
    'UPDATE tsdb.seed_progress SET next = $3, state = $4 WHERE set_name = $1 AND next = $2',
    [set, before, next, state],
  );
  return rowCount === 1;
}

/** The aggregates are computed up to here. */
export async function markRefreshed(db: Db, set: string): Promise<void> {
  await db.query('UPDATE tsdb.seed_progress SET refreshed = next WHERE set_name = $1', [set]);
}
