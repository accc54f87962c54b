// Finds pg_dump and pg_restore.
import { spawnSync } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { UsageError } from '../../db/core/errors';
import type { Environment } from '../../db/core/settings';
import { isExecutable, parseVersion } from '../../db/local/binaries';

/** A client program of PostgreSQL. */
export interface Program {
  readonly path: string;
  /** As the program says it, for example `17.11`. */
  readonly version: string;
}

/**
 * The program in the folder TSDB_PG_BIN, else on PATH, else in Debian's folder of that version. One of the server's own
 * major version goes before newer ones; older ones cannot read the server's catalog.
 * @throws UsageError when there is none, or only older ones.
 */
export function findProgram(name: 'pg_dump' | 'pg_restore', major: number, env: Environment): Program {
  const folders = env.TSDB_PG_BIN
    ? [env.TSDB_PG_BIN]
    : [...(env.PATH ?? '').split(delimiter), `/usr/lib/postgresql/${major}/bin`];
  const found = executables(folders, name).flatMap((path) => program(path, env));
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

/** The files of this name in the folders that can be run. */
export const executables = (folders: readonly (string | undefined)[], name: string): readonly string[] =>
  folders.flatMap((folder) => (folder ? [join(folder, name)] : [])).filter(isExecutable);

/** `17` of `17.11`. */
export const majorOf = (version: string): number => Number.parseInt(version, 10);

function program(path: string, env: Environment): readonly Program[] {
  const { stdout, status } = spawnSync(path, ['--version'], {
    encoding: 'utf8',
    env: { PATH: env.PATH, LC_ALL: 'C' },
    timeout: 10_000,
  });
  const version = status === 0 ? parseVersion(stdout) : undefined;
  return version === undefined ? [] : [{ path, version }];
}
