// The files that the program reads at run time, copied beside the bundle under the paths they have in the repository.
import { copyFileSync, existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folders and files, and which of the files in them; all when no pattern is given. */
const ASSETS: readonly { readonly path: string; readonly only?: RegExp }[] = [
  { path: 'db', only: /\.sql$/ },
  { path: 'api/public' },
  { path: 'node_modules/@fastify/swagger/package.json' },
  { path: 'node_modules/@fastify/swagger-ui/static' },
  { path: 'node_modules/uplot/dist', only: /\/uPlot(\.iife)?\.min\.(js|css)$/ },
  // Node finds the package by this file.
  { path: 'node_modules/uplot/package.json' },
];

/**
 * Copies the assets and returns their paths, sorted.
 * @throws Error when one of them has no file, because the bundle would fail when it needs one.
 */
export function copyAssets(root: string, out: string): readonly string[] {
  return ASSETS.flatMap(({ path, only = /./ }) => {
    const files = filesBelow(root, path).filter((file) => only.test(file) && !file.includes('/testing/'));
    if (files.length === 0) throw new Error(`${path} has none of the files that the bundle needs`);
    for (const file of files) {
      mkdirSync(dirname(join(out, file)), { recursive: true });
      copyFileSync(join(root, file), join(out, file));
    }
    return files;
  }).sort();
}

function filesBelow(root: string, path: string): readonly string[] {
  if (!existsSync(join(root, path))) return [];
  if (statSync(join(root, path)).isFile()) return [path];
  return readdirSync(join(root, path)).flatMap((name) => filesBelow(root, `${path}/${name}`));
}
