// Proves that a test run leaves no process, folder or shared memory behind: after its end, a failure, Ctrl-C and SIGKILL.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ROOT = join(__dirname, '../../..');
/** The guards of a killed run need a moment: servers shut down first. */
const PATIENCE_MS = 30_000;
/** Suites with servers of their own, children that are killed, a browser, and a synthesis. */
const SUITES = 'local/cluster.db|acceptance/columnstore-values|browser/trouble|optional-stacks|lock.program';

interface Case {
  readonly name: string;
  readonly flags?: readonly string[];
  /** What ends it; absent: its last test. */
  readonly signal?: 'SIGINT' | 'SIGKILL';
  readonly passes: boolean;
}

const CASES: readonly Case[] = [
  { name: 'a run', passes: true },
  // No hook and no test has time to clean up.
  { name: 'a failed run', flags: ['--testTimeout=40'], passes: false },
  { name: 'Ctrl-C', signal: 'SIGINT', passes: false },
  { name: 'SIGKILL of jest alone', signal: 'SIGKILL', passes: false },
];

async function main(): Promise<void> {
  for (const one of CASES) {
    const before = traces();
    const { status, said } = await runJest(one);
    if ((status === 0) !== one.passes) throw new Error(`${one.name}: jest ended with ${status}:\n${said}`);
    const left = await leftAfter(before);
    if (left.length > 0) throw new Error(`${one.name} left behind:\n  ${left.join('\n  ')}`);
    process.stderr.write(`${one.name} leaves nothing behind\n`);
  }
}

/** Runs the suites; a signal comes when the first of them has passed, so that others are under way. */
function runJest({ flags = [], signal }: Case): Promise<{ status: number | null; said: string }> {
  const jest = join(ROOT, 'node_modules/jest/bin/jest.js');
  const child = spawn(process.execPath, [jest, '--testPathPatterns', SUITES, ...flags], {
    cwd: ROOT,
    // A group of its own, as a shell makes one: Ctrl-C goes to every process in it.
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (signal === undefined || !/^(PASS|FAIL)/m.test(said) || child.killed || child.pid === undefined)
      return;
    if (signal === 'SIGINT') process.kill(-child.pid, signal);
    else child.kill(signal);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (status) => resolve({ status, said }));
  });
}

async function leftAfter(before: ReadonlySet<string>): Promise<readonly string[]> {
  for (const end = Date.now() + PATIENCE_MS; ; await sleep(100)) {
    const left = [...traces()].filter((trace) => !before.has(trace));
    if (left.length === 0 || Date.now() > end) return left;
  }
}

/** Everything that this machine has of the kinds that a run makes. */
function traces(): ReadonlySet<string> {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' });
  const processes = stdout
    .split('\n')
    .map((line) => line.trim())
    .filter(
      (line) => !/^\d+\s+Z/.test(line) && /tsdb-|postgres|jest|tsdb\.(ts|js)|chrom|node_modules/.test(line),
    )
    .filter((line) => !line.startsWith(`${process.pid} `))
    // The state changes, the process does not.
    .map((line) => `process ${line.replace(/^(\d+)\s+\S+\s+/, '$1 ')}`);
  const folders = readdirSync(tmpdir()).map((name) => `folder ${join(tmpdir(), name)}`);
  const segments = existsSync('/proc/sysvipc/shm')
    ? readFileSync('/proc/sysvipc/shm', 'utf8')
        .split('\n')
        .slice(1)
        .map((line) => line.trim().split(/\s+/)[1])
    : [];
  const shared = existsSync('/dev/shm') ? readdirSync('/dev/shm') : [];
  return new Set([
    ...processes,
    ...folders,
    ...segments.flatMap((id) => (id === undefined ? [] : [`shared memory segment ${id}`])),
    ...shared.map((name) => `shared memory /dev/shm/${name}`),
  ]);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
