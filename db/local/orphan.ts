// Stops a server that was left in a data folder when its parent process was killed.
import { existsSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LocalServerError } from './errors';
import { commandLine, identify, workingFolder } from './process-identity';

const STOP_PATIENCE_MS = 30_000;

/** Stops a server that still runs on this data. A pid file that names another program is removed. */
export async function stopOrphan(dataDir: string): Promise<void> {
  const pidFile = join(dataDir, 'postmaster.pid');
  if (!existsSync(pidFile)) return;
  const pid = Number.parseInt(readFileSync(pidFile, 'utf8'), 10);
  if (identify(pid) === undefined) return; // PostgreSQL itself removes the file of a dead server
  if (!isServerOf(pid, dataDir, pidFile)) {
    // Another program has got this process number. PostgreSQL would think that it is a running server and refuse to start. Its other
    // protection against two servers, the shared memory block of the data folder, still works.
    rmSync(pidFile, { force: true });
    return;
  }
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGKILL'] as const) {
    process.kill(pid, signal);
    if (await isGone(pid, STOP_PATIENCE_MS)) return;
  }
  throw new LocalServerError(`the PostgreSQL process ${pid} of ${dataDir} does not stop; end it by hand`);
}

function isServerOf(pid: number, dataDir: string, pidFile: string): boolean {
  const real = realpathSync(dataDir);
  const folder = workingFolder(pid);
  if (folder !== undefined) return folder === real; // a server's working folder is its data folder
  const command = commandLine(pid);
  if (command !== undefined) return [dataDir, real].some((path) => command.includes(`-D ${path}`));
  throw new LocalServerError(
    `${pidFile} names the living process ${pid}; stop it, or remove that file if it is not PostgreSQL`,
  );
}

async function isGone(pid: number, patienceMs: number): Promise<boolean> {
  for (const end = Date.now() + patienceMs; Date.now() < end; await sleep(50)) {
    if (identify(pid) === undefined) return true;
  }
  return false;
}
