// Makes sure that the user of the server can run the binaries. If they are below a private home folder, they are copied once.
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, existsSync, lstatSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { ServerBinaries } from './binaries';
import { makeOpenFolder } from './cluster-folder';
import { packageVersion } from './embedded-package';
import { LocalServerError } from './errors';
import { canRun, type SystemUser } from './system-user';

/** Folders for the copies, best first. */
function usualCaches(): string[] {
  return ['/var/cache/timescaledb-as-code', join(tmpdir(), `timescaledb-as-code-${process.geteuid?.()}`)];
}

/** The binaries, in a place where the user can run them. Embedded ones are copied if necessary; for others there is an error. */
export function publishedBinaries(
  binaries: ServerBinaries,
  user: SystemUser | undefined,
  caches: readonly string[] = usualCaches(),
): ServerBinaries {
  if (canRun(user, join(binaries.binDir, 'postgres'))) return binaries;
  const who = user === undefined ? 'this user' : `user ${user.name}, as PostgreSQL does not run as root,`;
  if (binaries.origin !== 'embedded') {
    throw new LocalServerError(
      `${who} cannot run ${binaries.binDir}/postgres; open that folder to it, or set TSDB_LOCAL_SERVER=embedded`,
    );
  }
  const binDir = join(copyOnce(dirname(dirname(binaries.binDir)), caches), 'native', 'bin');
  if (!canRun(user, join(binDir, 'postgres'))) {
    throw new LocalServerError(
      `${who} cannot run ${binDir}/postgres; is ${binDir} mounted noexec? Set DATABASE_URL`,
    );
  }
  return { ...binaries, binDir };
}

/** Copies a platform package to `<cache>/<version>-<platform>`, either completely or not at all. */
function copyOnce(packageFolder: string, caches: readonly string[]): string {
  const cache = caches.find(isOurs);
  if (cache === undefined) {
    throw new LocalServerError(
      `the embedded PostgreSQL has to be copied to a readable place, and none of ${caches.join(', ')} can be used; run as an ordinary user or set DATABASE_URL`,
    );
  }
  const target = join(cache, `${packageVersion(packageFolder)}-${process.platform}-${process.arch}`);
  if (existsSync(target)) return target;
  const draft = `${target}.${randomBytes(4).toString('hex')}`;
  try {
    cpSync(packageFolder, draft, { recursive: true, verbatimSymlinks: true });
    openForReading(draft);
    renameSync(draft, target);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(target)) throw error; // otherwise another process has just made the same copy
  }
  return target;
}

/** Makes the folder. False if others can write to it, because they could have put other programs there. */
function isOurs(folder: string): boolean {
  try {
    makeOpenFolder(folder);
    const found = lstatSync(folder);
    return found.isDirectory() && found.uid === process.geteuid?.() && (found.mode & 0o022) === 0;
  } catch {
    return false;
  }
}

/** Makes the copy readable for everybody. It has the modes of its source, which npm may have installed under a strict umask. */
function openForReading(draft: string): void {
  chmodSync(draft, 0o755);
  for (const entry of readdirSync(draft, { recursive: true, withFileTypes: true })) {
    if (entry.isSymbolicLink()) continue;
    const path = join(entry.parentPath, entry.name);
    const executable = entry.isDirectory() || (statSync(path).mode & 0o100) !== 0;
    chmodSync(path, executable ? 0o755 : 0o644);
  }
}
