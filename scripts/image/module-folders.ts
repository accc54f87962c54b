// Keeps `__dirname` the folder of each module, so that bundled code finds the files beside its sources.
import { readFileSync } from 'node:fs';
import { dirname, extname, relative, sep } from 'node:path';
import type { Loader, Plugin } from 'esbuild';

/** The name of the function in the bundle that gives a module's folder. */
export const FOLDER_OF = '__folderOf';

const LOADERS: Readonly<Record<string, Loader>> = { '.ts': 'ts', '.js': 'js', '.cjs': 'js' };

/** What the bundle begins with. The file is a program of its own, found on PATH through a link. */
export const bundleHead = `#!/usr/bin/env node
const ${FOLDER_OF} = (folder) => require('node:path').join(__dirname, folder);`;

/**
 * In one file all modules would share one `__dirname`. Here each gets the folder of its source, seen from the bundle:
 * files that modules read are copied beside the bundle under the paths they have in the repository.
 * @param root folder that the paths count from.
 */
export function moduleFolders(root: string): Plugin {
  return {
    name: 'module-folders',
    setup(build) {
      build.onLoad({ filter: /\.(ts|js|cjs)$/ }, ({ path }) => {
        const source = readFileSync(path, 'utf8');
        if (!source.includes('__dirname') && !source.startsWith('#!')) return null;
        const folder = JSON.stringify(relative(root, dirname(path)).split(sep).join('/'));
        return {
          // The bundle has a first line of its own, so that of the source is removed.
          contents: source.replace(/^#!.*/, '').replaceAll(/\b__dirname\b/g, `${FOLDER_OF}(${folder})`),
          loader: LOADERS[extname(path)] ?? 'js',
        };
      });
    },
  };
}
