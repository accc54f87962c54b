// The folders that everything of a test run lies in, so that nothing stays behind however the run ends.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { freemem, tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../../db/local/lock';
import { sweepLeftOvers } from '../../../db/local/test-run';

/** What the run has to end, and its folders; the set-up and tear-down files of jest are loaded apart from each other. */
interface TestRunState {
  readonly folder: string;
  /** For the data of servers: in memory where there is room, else the same. */
  readonly dataFolder: string;
  readonly ends: (() => Promise<void>)[];
}

declare global {
  var tsdbTestRun: TestRunState | undefined;
}

/** The folder of this run. The first call makes it, and from then on the temporary files of all suites land in it. */
export async function runState(): Promise<TestRunState> {
  if (globalThis.tsdbTestRun !== undefined) return globalThis.tsdbTestRun;
  const dataParent = hasRoom(MEMORY) ? MEMORY : tmpdir();
  for (const parent of new Set([tmpdir(), dataParent])) await sweepLeftOvers(parent);
  const folder = makeFolder(tmpdir());
  const dataFolder = dataParent === tmpdir() ? folder : makeFolder(dataParent);
  startGuard([folder, dataFolder]);
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  process.env.TMPDIR = temporary;
  process.env.TSDB_TEST_RUN = String(process.pid);
  globalThis.tsdbTestRun = { folder, dataFolder, ends: [] };
  return globalThis.tsdbTestRun;
}

/** A file system in memory, where Linux has one: creating and dropping a thousand databases is mostly work of the file system. */
const MEMORY = '/dev/shm';
/** Several times what the servers of a run were seen to need. */
const NEEDED_BYTES = 6 * 2 ** 30;

function hasRoom(path: string): boolean {
  try {
    const { bavail, bsize } = statfsSync(path);
    return Math.min(bavail * bsize, freemem()) > NEEDED_BYTES;
  } catch {
    return false; // not there
  }
}

function makeFolder(parent: string): string {
  const folder = mkdtempSync(join(parent, 'tsdb-test-'));
  // Servers run as a user of their own, and have to pass.
  chmodSync(folder, 0o755);
  takeLock(folder);
  return folder;
}

/** Ends what was started, and removes the folder. */
export async function endRun(): Promise<void> {
  const run = globalThis.tsdbTestRun;
  if (run === undefined) return;
  globalThis.tsdbTestRun = undefined;
  await Promise.all(run.ends.map((end) => end()));
  for (const folder of [run.dataFolder, run.folder])
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * A shell that waits on a pipe from us. The kernel closes the pipe however we end, Ctrl-C and SIGKILL included; the shell then
 * ends the processes whose temporary folder is ours, waits until the servers' own guards have shut these down, and removes
 * the folders.
 */
function startGuard(folders: readonly string[]): void {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', ...folders], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.once('error', () => undefined);
  guard.unref();
  (guard.stdin as unknown as { unref?: () => void } | null)?.unref?.();
}

// Where there is no /proc, children end by their closed pipes only.
const GUARD = `
read -r _
[ -d "$1" ] || exit 0
for file in $(grep -alsF "TMPDIR=$1/" /proc/[0-9]*/environ); do
  pid=\${file#/proc/}
  kill -KILL "\${pid%/environ}" 2>/dev/null
done
n=0
while [ "$n" -lt 300 ] && [ -n "$(find "$@" -name postmaster.pid 2>/dev/null)" ]; do n=$((n + 1)); sleep 0.1; done
n=0
while [ "$n" -lt 50 ] && ! rm -rf -- "$@" 2>/dev/null; do n=$((n + 1)); sleep 0.1; done
`;
