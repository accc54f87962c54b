// Restores a backup and proves that all of it is there.
import type { Client } from 'pg';
import { ident, literal } from '../../db/core/sql';
import type { Desired } from '../../db/language/desired';
import type { Plan } from '../../db/model';
import { makePlan } from '../../db/reconcile/plan';
import { withConnection } from '../../db/server/connection';
import { runProgram } from '../run-program';
import { libpqEnvironment } from './address';
import type { BackupOptions } from './backup';
import { type Draft, withDraft } from './draft-database';
import type { Manifest } from './manifest';
import { findProgram, majorOf } from './programs';
import { countRows } from './relations';
import type { Target } from './target';

export type RestoreOptions = Pick<BackupOptions, 'env' | 'signal' | 'onNote'>;

export interface RestoreReport {
  readonly version: 1;
  readonly database: string;
  /** Rows of each relation as the manifest says and as they were found before any job could run. */
  readonly rows: readonly { readonly name: string; readonly expected: number; readonly restored: number }[];
  readonly complete: boolean;
  readonly inSync: boolean;
  /** Number of steps and refusals that `tsdb plan` shows. */
  readonly differences: number;
}

/**
 * Restores into an inspected target. Until the backup is loaded and its rows are counted, and also when that fails, the target
 * is as it was before.
 * @param dump a file that `requireIntact` has accepted.
 */
export async function restoreBackup(
  dump: string,
  manifest: Manifest,
  target: Target,
  desired: Desired,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { counts, plan } = await withDraft(target, options.onNote, (draft) =>
    load(dump, manifest, { ...target, ...draft }, desired, options),
  );
  // Its scheduler could not begin while the database had its temporary name.
  if (manifest.timescaledbVersion !== undefined)
    await withConnection(target.connection, (db) =>
      db.query('SELECT _timescaledb_functions.restart_background_workers()'),
    );
  const rows = Object.entries(manifest.rows).map(([name, expected]) => {
    return { name, expected, restored: counts[name] ?? 0 };
  });
  const differences = plan.steps.length + plan.refusals.length;
  return {
    version: 1,
    database: target.database,
    rows,
    complete: rows.every(({ expected, restored }) => expected === restored),
    inSync: differences === 0,
    differences,
  };
}

interface Loaded {
  /** Rows of each relation, counted before any job could run. */
  readonly counts: Readonly<Record<string, number>>;
  readonly plan: Plan;
}

async function load(
  dump: string,
  manifest: Manifest,
  { connection, database, serverVersion, close }: Draft & Pick<Target, 'serverVersion'>,
  desired: Desired,
  { env, signal }: RestoreOptions,
): Promise<Loaded> {
  const major = Math.max(majorOf(serverVersion), majorOf(manifest.dumpVersion));
  const { path } = findProgram('pg_restore', major, env);
  // One job at a time: the extension's own tables refer to each other.
  const flags = ['--exit-on-error', '--no-password', '--jobs=1'];
  const into = `--dbname=dbname='${database.replace(/['\\]/g, '\\$&')}'`;
  const fill = () =>
    runProgram([path, ...flags, into, dump], { env: libpqEnvironment(connection, env), signal });
  const relations = Object.keys(manifest.rows).map((name) => ({ name, sql: ident(...name.split('.')) }));
  const examine = async (db: Client): Promise<Loaded> => {
    const counts = await countRows(db, relations);
    // A dump does not contain the planner's statistics.
    await db.query('ANALYZE');
    return { counts, plan: await makePlan(db, desired) };
  };
  if (manifest.timescaledbVersion === undefined) {
    await fill();
    return withConnection(connection, examine);
  }
  const version = literal(manifest.timescaledbVersion);
  await withConnection(connection, (db) =>
    db.query(`CREATE EXTENSION IF NOT EXISTS timescaledb WITH SCHEMA public VERSION ${version}`),
  );
  return withConnection(
    connection,
    async (db) => {
      await db.query('SELECT public.timescaledb_pre_restore()');
      await fill();
      // This turns restoring off for this session only. The jobs of the database do not run yet, so they cannot change any rows.
      await db.query('SET timescaledb.restoring = off');
      const loaded = await examine(db);
      await close();
      await db.query('SELECT public.timescaledb_post_restore()');
      return loaded;
    },
    'restore',
  );
}
