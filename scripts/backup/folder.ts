// The folder of backups: file names, one writer at a time, leftovers of interrupted backups, and removal of old ones.
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { messageOf, RefusedError, UsageError } from '../../db/core/errors';
import { lockOwner, takeLock } from '../../db/local/lock';
import { type Manifest, manifestOf, readManifest } from './manifest';

/** Ending of files that are being written. */
export const PARTIAL = '.partial';

const DAY_MS = 86_400_000;

/**
 * Runs `work` as the only writer of a folder, which is made when missing.
 * @throws RefusedError when another backup is being written there; UsageError when the folder cannot be used.
 */
export async function withBackupFolder<T>(asked: string, work: (folder: string) => Promise<T>): Promise<T> {
  const folder = resolve(asked);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new UsageError(`cannot create ${folder}: ${messageOf(error)}; choose another with --out`, {
      cause: error,
    });
  }
  const owner = lockOwner(folder);
  if (owner !== undefined)
    throw new RefusedError(`process ${owner.pid} is writing a backup to ${folder}; wait for it to end`);
  const lock = takeLock(folder);
  try {
    sweep(folder);
    return await work(folder);
  } finally {
    lock.release();
  }
}

/** Name of a dump: `tsdb-<database>-20261121T091500Z.dump`. */
export const dumpName = (database: string, at: Date): string =>
  `tsdb-${database.replace(/[^\w.-]/g, '_')}-${stampOf(at)}.dump`;

/**
 * Removes backups of the same database that are older than some days, and returns their names.
 * @param newest the backup that was just made, which stays even if the clock is wrong.
 */
export function removeOld(folder: string, newest: Manifest, keepDays: number): readonly string[] {
  const limit = stampOf(new Date(Date.now() - keepDays * DAY_MS));
  const old = readdirSync(folder)
    .sort()
    .filter((name) => name !== newest.file && isOlder(name, limit))
    .filter((name) => isOf(newest.database, join(folder, name)));
  for (const name of old) {
    // The dump goes first, because a manifest alone is cleaned up as a leftover.
    rmSync(join(folder, name), { force: true });
    rmSync(manifestOf(join(folder, name)), { force: true });
  }
  return old;
}

const stampOf = (time: Date): string => time.toISOString().replace(/[-:]|\.\d+/g, '');

// The stamps in names are in the order of their times.
function isOlder(name: string, limit: string): boolean {
  const stamp = /^tsdb-.*-(\d{8}T\d{6}Z)\.dump$/.exec(name)?.[1];
  return stamp !== undefined && stamp <= limit;
}

/** Writes a file, or the names in a folder, to the disk, so that they survive a power cut. */
export async function syncToDisk(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

// A file name does not always hold the exact name of the database, but its manifest does. A dump without a manifest is foreign.
function isOf(database: string, dump: string): boolean {
  try {
    return readManifest(dump).database === database;
  } catch {
    return false;
  }
}

// The folder is locked, so unfinished files can only come from a backup that was killed.
function sweep(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => /^tsdb-.*Z\.(dump|json)/.test(entry))) {
    const orphan = name.endsWith('.json') && !existsSync(join(folder, name.replace(/\.json$/, '.dump')));
    if (name.endsWith(PARTIAL) || orphan) rmSync(join(folder, name), { force: true });
  }
}
