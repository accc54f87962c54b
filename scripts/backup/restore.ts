// Restores a backup and proves that all of it is there.
import type { Client, ClientConfig } from 'pg';
import { messageOf } from '../../db/core/errors';
import { ident, literal } from '../../db/core/sql';
import type { Desired } from '../../db/language/desired';
import { makePlan } from '../../db/reconcile/plan';
import { withConnection } from '../../db/server/connection';
import { runProgram } from '../run-program';
import { createEmptyDatabase, dropDatabase } from '../throwaway-database';
import { inDatabase, libpqEnvironment } from './address';
import type { BackupOptions } from './backup';
import type { Manifest } from './manifest';
import { findProgram, majorOf } from './programs';
import { countRows } from './relations';
import { MAINTENANCE, type Target } from './target';

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
 * Restores into an inspected target. When it fails, a database that was created for it is removed again.
 * @param dump a file that `requireIntact` has accepted.
 */
export async function restoreBackup(
  dump: string,
  manifest: Manifest,
  target: Target,
  desired: Desired,
  options: RestoreOptions,
): Promise<RestoreReport> {
  const { connection, database } = target;
  if (!target.exists) await createEmptyDatabase(inDatabase(connection, MAINTENANCE), database);
  try {
    const counts = await load(dump, manifest, target, options);
    const rows = Object.entries(manifest.rows).map(([name, expected]) => {
      return { name, expected, restored: counts[name] ?? 0 };
    });
    const plan = await withConnection(connection, async (db) => {
      // A dump does not contain the planner's statistics.
      await db.query('ANALYZE');
      return makePlan(db, desired);
    });
    const differences = plan.steps.length + plan.refusals.length;
    return {
      version: 1,
      database,
      rows,
      complete: rows.every(({ expected, restored }) => expected === restored),
      inSync: differences === 0,
      differences,
    };
  } catch (error) {
    await cleanUp(target, options).catch((second) =>
      options.onNote(`database ${database} could not be removed: ${messageOf(second)}`),
    );
    throw error;
  }
}

async function load(
  dump: string,
  manifest: Manifest,
  { connection, database, serverVersion }: Target,
  { env, signal }: RestoreOptions,
): Promise<Readonly<Record<string, number>>> {
  const major = Math.max(majorOf(serverVersion), majorOf(manifest.dumpVersion));
  const { path } = findProgram('pg_restore', major, env);
  // One job at a time: the extension's own tables refer to each other.
  const flags = ['--exit-on-error', '--no-password', '--jobs=1'];
  const into = `--dbname=dbname='${database.replace(/['\\]/g, '\\$&')}'`;
  const fill = () =>
    runProgram([path, ...flags, into, dump], { env: libpqEnvironment(connection, env), signal });
  const relations = Object.keys(manifest.rows).map((name) => ({ name, sql: ident(...name.split('.')) }));
  if (manifest.timescaledbVersion === undefined) {
    await fill();
    return withConnection(connection, (db) => countRows(db, relations));
  }
  const version = literal(manifest.timescaledbVersion);
  await withConnection(connection, (db) =>
    db.query(`CREATE EXTENSION IF NOT EXISTS timescaledb WITH SCHEMA public VERSION ${version}`),
  );
  return whileRestoring(connection, async (db) => {
    await fill();
    // This turns restoring off for this session only. The jobs of the database do not run yet, so they cannot change any rows.
    await db.query('SET timescaledb.restoring = off');
    return countRows(db, relations);
  });
}

/** Runs `work` between TimescaleDB's two calls. Without the second call, rows that are written later would be invisible. */
async function whileRestoring<T>(connection: ClientConfig, work: (db: Client) => Promise<T>): Promise<T> {
  const finish = () =>
    withConnection(connection, (db) => db.query('SELECT public.timescaledb_post_restore()'));
  let result: T;
  try {
    result = await withConnection(connection, async (db) => {
      await db.query('SELECT public.timescaledb_pre_restore()');
      return work(db);
    });
  } catch (error) {
    await finish().catch(() => undefined); // the first error is the one to report
    throw error;
  }
  await finish();
  return result;
}

async function cleanUp({ connection, database, exists }: Target, { onNote }: RestoreOptions): Promise<void> {
  if (!exists) await dropDatabase(inDatabase(connection, MAINTENANCE), database);
  else
    onNote(
      `database ${database} now holds a part of the backup; drop it, or restore into a new one with --into NAME`,
    );
}
