// For tests: runs `tsdb` as people do, in a process of its own, and looks for processes that it left behind.
import { type ChildProcess, type SpawnOptions, spawn, spawnSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { becomesTrue } from '../../db/local/testing/places';

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A command under way. */
export interface Running {
  readonly process: ChildProcess;
  /** Everything it has written so far, both streams in order of arrival. */
  output(): string;
  /** Waits for text in the output; fails when the command ends without it. */
  says(text: RegExp): Promise<RegExpExecArray>;
  readonly finished: Promise<Finished>;
}

export interface Surroundings {
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: SpawnOptions;
  readonly fromSources?: boolean;
}

/** Folder of the checkout. */
export const ROOT = join(__dirname, '..', '..');

const CHECKOUT = ['--require', './scripts/start/register.cjs', 'scripts/tsdb.ts'];
const bundle = process.env.TSDB_TEST_BUNDLE;
/** The bundle that the image runs too, when the test run made one: it starts in a fraction of the time. */
const PROGRAM = bundle === undefined ? CHECKOUT : [join(bundle, 'tsdb.js')];

/** Starts a command; `fromSources` as `npm run tsdb` does. */
export function startTsdb(
  args: readonly string[],
  { env = {}, options = {}, fromSources = false }: Surroundings = {},
): Running {
  const child = spawn(process.execPath, [...(fromSources ? CHECKOUT : PROGRAM), ...args], {
    cwd: ROOT,
    env: { ...cleanEnvironment(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...options,
  });
  const told = { all: '', stdout: '', stderr: '' };
  for (const stream of ['stdout', 'stderr'] as const) {
    child[stream]?.setEncoding('utf8').on('data', (text: string) => {
      told[stream] += text;
      told.all += text;
      child.emit('told');
    });
  }
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) =>
      resolve({ code, signal, stdout: told.stdout, stderr: told.stderr }),
    );
  });
  const says = (text: RegExp): Promise<RegExpExecArray> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const match = text.exec(told.all);
        if (match) resolve(match);
      };
      child.on('told', look);
      child.once('close', () => reject(new Error(`ended without saying ${text}:\n${told.all}`)));
      look();
    });
  return { process: child, output: () => told.all, says, finished };
}

/** Runs a command to its end. */
export const tsdb = (args: readonly string[], env?: Readonly<Record<string, string>>): Promise<Finished> =>
  startTsdb(args, env ? { env } : {}).finished;

/** Living processes whose command line holds a text; the test's own are not among them. */
export function processesOf(text: string): readonly string[] {
  const { stdout } = spawnSync('ps', ['-A', '-ww', '-o', 'pid=,stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(text) && !/^\s*\d+\s+Z/.test(line));
}

/** Whether all processes of a folder end. */
export const allGone = (folder: string): Promise<boolean> =>
  becomesTrue(() => processesOf(folder).length === 0);

/** The environment without settings of the developer's shell, nor the platform that they run themselves: neither may reach a command. */
export function cleanEnvironment(): Record<string, string | undefined> {
  const kept = Object.entries(process.env).filter(
    ([name]) => name === 'TSDB_PG_BIN' || !/^(PG|TSDB_|DATABASE_URL$|HOST$|PORT$|LOG_LEVEL$)/.test(name),
  );
  return { ...Object.fromEntries(kept), TSDB_DATA: join(tmpdir(), 'tsdb-never-made') };
}
