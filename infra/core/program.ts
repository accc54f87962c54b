// Builds the program that the machine runs, and keeps the result until the sources change.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { hashFiles } from './source-hash';

/** All sources that the built program depends on. */
const SOURCE_FOLDERS = ['api', 'db', 'scripts'];
const SOURCE_FILES = ['package.json', 'package-lock.json', 'LICENSE'];

/**
 * Folder with the built program (`tsdb.js` and the files it reads). Building takes about as long as a whole synthesis,
 * so the result is kept in `node_modules/.cache`, which a new installation of packages deletes.
 * @param root folder of the repository
 * @throws Error with what the build printed, when it fails
 */
export function builtProgram(root: string): string {
  const cache = join(root, 'node_modules', '.cache', 'tsdb-program');
  const folder = join(cache, hashOfSources(root));
  if (existsSync(folder)) return folder;
  // Built in another folder and then renamed, so that an interruption never leaves half a program in the final one.
  const draft = `${folder}.${process.pid}`;
  mkdirSync(draft, { recursive: true });
  const built = spawnSync(process.execPath, ['--require', 'tsx/cjs', 'scripts/bundle.ts', draft], {
    cwd: root,
    encoding: 'utf8',
  });
  if (built.status !== 0) {
    rmSync(draft, { recursive: true, force: true });
    throw new Error(`the program could not be built; \`npm run build\` shows why\n${built.stderr}`);
  }
  for (const old of readdirSync(cache)) {
    if (/^([0-9a-f]{64}|bundles)$/.test(old)) rmSync(join(cache, old), { recursive: true, force: true });
  }
  finish(draft, folder);
  return folder;
}

// Another process may have built the same program in the meantime. Renaming cannot replace a folder that is not empty.
function finish(draft: string, folder: string): void {
  try {
    renameSync(draft, folder);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(folder)) throw error;
  }
}

function hashOfSources(root: string): string {
  const hash = createHash('sha256');
  for (const folder of SOURCE_FOLDERS) hash.update(hashFiles(join(root, folder), isProduction));
  for (const file of SOURCE_FILES) hash.update(readFileSync(join(root, file)));
  return hash.digest('hex');
}

function isProduction(path: string): boolean {
  return !/\.test\.ts$|(^|\/)(testing|fixtures)\//.test(path);
}
