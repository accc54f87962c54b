// Makes the program that the image runs: one JavaScript file, the files it reads, and the licences of what is in it.
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { build } from 'esbuild';
import { UsageError } from '../db/core/errors';
import { copyAssets } from './image/assets';
import { licenceTexts } from './image/licences';
import { bundleHead, moduleFolders } from './image/module-folders';
import { note } from './output';
import { runner } from './run-to-exit';

const ROOT = join(__dirname, '..');
const PROGRAM = 'tsdb.js';

/**
 * Builds into a folder, which is emptied first. The same sources give the same bytes, on every machine.
 * @throws UsageError when the folder holds something else than a former build.
 */
export async function bundle(folder: string): Promise<void> {
  const out = resolve(folder);
  if (existsSync(out) && readdirSync(out).length > 0 && !existsSync(join(out, PROGRAM)))
    throw new UsageError(`${out} holds other files than a build; choose another folder`);
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: ['scripts/tsdb.ts'],
    outfile: relative(ROOT, join(out, PROGRAM)),
    bundle: true,
    platform: 'node',
    format: 'cjs',
    // The oldest Node that package.json allows.
    target: 'node20.19',
    // Optional parts, which an installation has or not: with them the bytes would depend on it. And the page's script, which
    // is sent and not run.
    external: ['pg-native', 'supports-color', 'uplot'],
    banner: { js: bundleHead },
    plugins: [moduleFolders(ROOT)],
    // Stack traces and error classes keep their names.
    keepNames: true,
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  });
  chmodSync(join(out, PROGRAM), 0o755);
  const assets = copyAssets(ROOT, out);
  writeFileSync(
    join(out, 'LICENSES.txt'),
    licenceTexts(ROOT, [...Object.keys(metafile.inputs), ...assets].sort()),
  );
  cpSync(join(ROOT, 'LICENSE'), join(out, 'LICENSE'));
}

if (require.main === module) {
  const folder = process.argv[2] ?? join(ROOT, 'dist');
  void runner.toEnd(async () => {
    await bundle(folder);
    note(`built ${join(folder, PROGRAM)}`);
    return 0;
  });
}
