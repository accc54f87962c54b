// Folders and processes that tests of local servers make, look at and remove.
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { identify } from '../process-identity';
import { waitFor } from './wait';

/** An empty folder that everybody may pass through, outside of the names that test runs sweep. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-place-'));
  chmodSync(folder, 0o755);
  return folder;
}

/** Removes a folder whatever is in it. */
export function removeFolder(folder: string): void {
  rmSync(folder, { recursive: true, force: true });
}

/** The process number in a cluster's pid file, or undefined without such a file. */
export function postmasterPid(clusterFolder: string): number | undefined {
  const file = join(clusterFolder, 'data', 'postmaster.pid');
  return existsSync(file) ? Number.parseInt(readFileSync(file, 'utf8'), 10) : undefined;
}

/** Waits half a minute for something to become true, and says whether it did. */
export async function becomesTrue(condition: () => boolean): Promise<boolean> {
  return waitFor('the condition', condition, { everyMs: 50 }).catch(() => false);
}

/** Whether a process is there. */
export function lives(pid: number): boolean {
  return identify(pid) !== undefined;
}
