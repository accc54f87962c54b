// Finds and runs pg_dump and pg_restore. The password reaches them through their environment only.
import { spawn, spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { DatabaseError, UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import { isExecutable, parseVersion } from '../../db/local/binaries';

/** A client program of PostgreSQL. */
export interface Program {
  readonly path: string;
  /** As the program says it, for example `17.11`. */
  readonly version: string;
}

/** How a program is run: its environment, and what stops it. */
export interface ProgramRun {
  readonly env: Environment;
  readonly signal: AbortSignal;
}

const KILL_AFTER_MS = 5_000;
const LAST_LINES = 12;

/**
 * The program in the folder TSDB_PG_BIN, else on PATH, else in Debian's folder of that version. One of the server's own
 * major version goes before newer ones; older ones cannot read the server's catalog.
 * @throws UsageError when there is none, or only older ones.
 */
export function findProgram(name: 'pg_dump' | 'pg_restore', major: number, env: Environment): Program {
  const folders = env.TSDB_PG_BIN
    ? [env.TSDB_PG_BIN]
    : [...(env.PATH ?? '').split(delimiter), `/usr/lib/postgresql/${major}/bin`];
  const found = folders
    .filter((folder) => folder !== '' && isExecutable(join(folder, name)))
    .flatMap((folder) => program(join(folder, name), env));
  const best =
    found.find(({ version }) => majorOf(version) === major) ??
    found.find(({ version }) => majorOf(version) > major);
  if (best) return best;
  const place = env.TSDB_PG_BIN ? `TSDB_PG_BIN=${env.TSDB_PG_BIN}` : 'PATH';
  const what = found[0] ? `${found[0].path} is version ${found[0].version}` : `${place} has no ${name}`;
  throw new UsageError(
    `${what}, and ${name} ${major} or newer is needed; install the client programs of PostgreSQL ${major} (Debian: postgresql-client-${major}) and set TSDB_PG_BIN to their folder if it is not on PATH`,
  );
}

/** `17` of `17.11`. */
export const majorOf = (version: string): number => Number.parseInt(version, 10);

/**
 * Runs a program to its end and returns what it wrote to its standard output. Nothing of it is left running afterwards.
 * @throws DatabaseError with its last words when it fails; the signal's reason when it was stopped.
 */
export async function runProgram(
  { path }: Program,
  args: readonly string[],
  { env, signal }: ProgramRun,
): Promise<string> {
  signal.throwIfAborted();
  const child = spawn(path, args, { env: { ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  let words = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    words = (words + text).slice(-16_384);
  });
  let killer: NodeJS.Timeout | undefined;
  const stop = (): void => {
    child.kill('SIGTERM');
    killer = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const end = await new Promise<string | number | null>((resolve, reject) => {
      child.once('error', reject).once('close', (code, by) => resolve(code ?? by));
    });
    signal.throwIfAborted();
    if (end === 0) return output;
    throw new DatabaseError(`${path} failed (${end}): ${lastLines(words)}`);
  } finally {
    clearTimeout(killer);
    signal.removeEventListener('abort', stop);
  }
}

function program(path: string, env: Environment): readonly Program[] {
  const { stdout, status } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    env: { PATH: env.PATH, LC_ALL: 'C' },
    timeout: 10_000,
  });
  const version = status === 0 ? parseVersion(stdout) : undefined;
  return version === undefined ? [] : [{ path, version }];
}

const lastLines = (text: string): string =>
  text.trim() === '' ? 'it said nothing' : text.trim().split('\n').slice(-LAST_LINES).join('\n');
