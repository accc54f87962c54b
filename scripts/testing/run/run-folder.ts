// The folder that everything of a test run lies in, so that nothing stays behind however the run ends.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { takeLock } from '../../../db/local/lock';
import { sweepLeftOvers } from '../../../db/local/test-run';

/** What the run has to end, and its folder; the set-up and tear-down files of jest are loaded apart from each other. */
interface TestRunState {
  readonly folder: string;
  readonly ends: (() => Promise<void>)[];
}

declare global {
  var tsdbTestRun: TestRunState | undefined;
}

/** The folder of this run. The first call makes it, and from then on the temporary files of all suites land in it. */
export async function runState(): Promise<TestRunState> {
  if (globalThis.tsdbTestRun !== undefined) return globalThis.tsdbTestRun;
  await sweepLeftOvers();
  const folder = mkdtempSync(join(tmpdir(), 'tsdb-test-'));
  // Servers run as a user of their own, and have to pass.
  chmodSync(folder, 0o755);
  takeLock(folder);
  startGuard(folder);
  const temporary = join(folder, 'tmp');
  mkdirSync(temporary);
  chmodSync(temporary, 0o1777);
  process.env.TMPDIR = temporary;
  process.env.TSDB_TEST_RUN = String(process.pid);
  globalThis.tsdbTestRun = { folder, ends: [] };
  return globalThis.tsdbTestRun;
}

/** Ends what was started, and removes the folder. */
export async function endRun(): Promise<void> {
  const run = globalThis.tsdbTestRun;
  if (run === undefined) return;
  globalThis.tsdbTestRun = undefined;
  await Promise.all(run.ends.map((end) => end()));
  rmSync(run.folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * A shell that waits on a pipe from us. The kernel closes the pipe however we end, Ctrl-C and SIGKILL included; the shell then
 * ends the processes whose temporary folder is ours, waits until the servers' own guards have shut these down, and removes
 * the folder.
 */
function startGuard(folder: string): void {
  const guard = spawn('/bin/sh', ['-c', GUARD, 'sh', folder], {
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
while [ "$n" -lt 300 ] && [ -n "$(find "$1" -name postmaster.pid 2>/dev/null)" ]; do n=$((n + 1)); sleep 0.1; done
n=0
while [ "$n" -lt 50 ] && ! rm -rf -- "$1" 2>/dev/null; do n=$((n + 1)); sleep 0.1; done
`;
