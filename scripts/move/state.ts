// What a move remembers in the two databases, so that another run continues it after any interruption.
import { RefusedError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import type { Db } from '../../db/model';
import { withTransaction } from '../../db/server/connection';
import type { Moved, Stage } from './model';

/** Schema of everything that a move creates. */
export const SCHEMA = 'tsdb_move';

/** A move as the source remembers it. */
export interface Run {
  readonly id: string;
  /** `host:port/database` of the target. */
  readonly target: string;
  readonly stage: Stage;
  readonly startedAt: string;
  /** When the source stopped taking writes, and for how many milliseconds writers had to wait until then; null before. */
  readonly movedAt: string | null;
  readonly pauseMs: number | null;
}

const TABLES = [
  `CREATE SCHEMA IF NOT EXISTS ${SCHEMA}`,
  // Jobs that the move has paused in this database; when they would have run next, where the engine has no other switch.
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.paused_job (job_id int PRIMARY KEY, next_start timestamptz)`,
];

const SOURCE_TABLES = [
  ...TABLES,
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.run (
     one boolean PRIMARY KEY DEFAULT true CHECK (one), id uuid NOT NULL DEFAULT gen_random_uuid(), target text NOT NULL,
     stage text NOT NULL DEFAULT 'prepare', started_at timestamptz NOT NULL DEFAULT now(), moved_at timestamptz, pause_ms int)`,
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.relation (number int PRIMARY KEY, name text NOT NULL UNIQUE, width bigint NOT NULL, columns text[] NOT NULL, listed_at timestamptz)`,
  // A range of the first copy.
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.part (
     relation int NOT NULL, from_time timestamptz NOT NULL, to_time timestamptz NOT NULL, row_count bigint NOT NULL, copied_at timestamptz,
     PRIMARY KEY (relation, from_time))`,
  // What has changed since: slices of time or keys of rows (kind "row"), everything (kind "all", after TRUNCATE), or the range of a chunk
  // that somebody dropped, truncated or rewrote (kind "chunk").
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.change (
     id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, relation int NOT NULL, kind text NOT NULL, from_time timestamptz, to_time timestamptz, row_key jsonb)`,
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.chunk (
     relation int NOT NULL, chunk text NOT NULL, files text NOT NULL, from_time timestamptz NOT NULL, to_time timestamptz NOT NULL, PRIMARY KEY (relation, chunk))`,
];

const TARGET_TABLES = [
  ...TABLES,
  `CREATE TABLE IF NOT EXISTS ${SCHEMA}.arrival (id uuid PRIMARY KEY, started_at timestamptz NOT NULL DEFAULT now(), finished_at timestamptz)`,
];

/** The move that the source remembers; undefined when there is none. */
export async function readRun(source: Db): Promise<Run | undefined> {
  const { rows: found } = await source.query<{ there: boolean }>(
    `SELECT to_regclass('${SCHEMA}.run') IS NOT NULL AS there`,
  );
  if (!found[0]?.there) return undefined;
  const { rows } = await source.query<Run>(
    `SELECT id, target, stage, started_at::text AS "startedAt", moved_at::text AS "movedAt", pause_ms AS "pauseMs" FROM ${SCHEMA}.run`,
  );
  return rows[0];
}

/** @throws RefusedError when the source remembers a move to another target. */
export async function beginRun(source: Db, target: string): Promise<Run> {
  await withTransaction(source, async () => {
    for (const statement of SOURCE_TABLES) await source.query(statement);
    await source.query(
      `INSERT INTO ${SCHEMA}.run (target) VALUES ($1) ON CONFLICT (one) DO UPDATE SET target = excluded.target WHERE run.stage = 'prepare'`,
      [target],
    );
  });
  const run = (await readRun(source)) as Run;
  requireSameTarget(run, target);
  return run;
}

/** @throws RefusedError when the move goes to another target. Before changes are noted, another one may still be named. */
export function requireSameTarget(run: Run, target: string): void {
  if (run.target === target || run.stage === 'prepare') return;
  throw new RefusedError(
    run.stage === 'moved' || run.stage === 'done'
      ? `this database has already moved to ${run.target}; move from there`
      : `a move of this database to ${run.target} is under way; continue it, or end it with "${invocation(`move --to … --abort`)}"`,
  );
}

export async function setStage(source: Db, stage: Stage): Promise<void> {
  await source.query(`UPDATE ${SCHEMA}.run SET stage = $1`, [stage]);
}

/** What the target knows: `none`, `ours`, or that another move has written there. */
export async function readArrival(target: Db, id: string): Promise<'none' | 'ours' | 'another' | 'itself'> {
  const { rows: found } = await target.query<{ run: boolean; arrival: boolean }>(
    `SELECT to_regclass('${SCHEMA}.run') IS NOT NULL AS run, to_regclass('${SCHEMA}.arrival') IS NOT NULL AS arrival`,
  );
  if (found[0]?.run) {
    const { rows } = await target.query(`SELECT FROM ${SCHEMA}.run WHERE id = $1`, [id]);
    if (rows.length > 0) return 'itself';
  }
  if (!found[0]?.arrival) return 'none';
  const { rows } = await target.query<{ id: string }>(
    `SELECT id FROM ${SCHEMA}.arrival WHERE id = $1 OR finished_at IS NULL`,
    [id],
  );
  if (rows.some((row) => row.id === id)) return 'ours';
  return rows.length > 0 ? 'another' : 'none';
}

/** Marks the target as that of this move. */
export const markArrival = (target: Db, id: string): Promise<void> =>
  withTransaction(target, async () => {
    for (const statement of TARGET_TABLES) await target.query(statement);
    await target.query(`INSERT INTO ${SCHEMA}.arrival (id) VALUES ($1) ON CONFLICT DO NOTHING`, [id]);
  });

export async function finishArrival(target: Db, id: string): Promise<void> {
  await target.query(
    `UPDATE ${SCHEMA}.arrival SET finished_at = coalesce(finished_at, now()) WHERE id = $1`,
    [id],
  );
}

/**
 * Remembers what is moved, and how changes are noted.
 * @throws RefusedError when the move began with another declaration.
 */
export async function rememberRelations(source: Db, relations: readonly Moved[]): Promise<void> {
  const carried = relations.filter(({ kind }) => kind !== 'stored');
  const described = (one: {
    readonly number: number;
    readonly name: string;
    readonly width: number | string;
  }) => `${one.number} ${one.name} ${one.width}`;
  const { rows } = await source.query<{ number: number; name: string; width: string }>(
    `SELECT number, name, width::text FROM ${SCHEMA}.relation ORDER BY number`,
  );
  if (rows.length === 0) {
    await source.query(
      `INSERT INTO ${SCHEMA}.relation (number, name, width, columns)
       SELECT r.number, r.name, r.width, ARRAY(SELECT jsonb_array_elements_text(r.columns))
         FROM unnest($1::int[], $2::text[], $3::bigint[], $4::jsonb[]) r (number, name, width, columns)`,
      [
        carried.map((one) => one.number),
        carried.map((one) => one.name),
        carried.map((one) => one.width),
        carried.map((one) => JSON.stringify(one.columns)),
      ],
    );
  } else if (rows.map(described).join() !== carried.map(described).join()) {
    throw new RefusedError(
      `the declaration is not the one that this move began with; begin again with "${invocation('move --to … --abort')}" and an empty target, or use the former declaration and TSDB_SCHEMAS`,
    );
  } else await repeatChanged(source, carried);
}

// A column that came or went since may have values without any row being written.
async function repeatChanged(source: Db, carried: readonly Moved[]): Promise<void> {
  await withTransaction(source, async () => {
    for (const { number, columns } of carried)
      await source.query(
        `WITH changed AS (UPDATE ${SCHEMA}.relation SET columns = $2 WHERE number = $1 AND columns <> $2 RETURNING number)
         UPDATE ${SCHEMA}.part p SET copied_at = NULL FROM changed c WHERE p.relation = c.number`,
        [number, columns],
      );
  });
}
