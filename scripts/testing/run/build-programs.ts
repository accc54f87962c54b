// Bundles what suites start as processes of their own, once for a run: a bundle starts in a fifth of the time of its sources.
import { join } from 'node:path';
import { build } from 'esbuild';
import { bundle } from '../../bundle';
import { FOLDER_OF, moduleFolders } from '../../image/module-folders';

const ROOT = join(__dirname, '../../..');

/** Sources of children, by their path in the repository. */
const CHILDREN = [
  'db/testing/columns-apply-child.ts',
  'db/testing/die-while-applying.ts',
  'db/testing/evolution-die.ts',
];

async function main(folder: string): Promise<void> {
  await bundle(join(folder, 'bundle'));
  await build({
    absWorkingDir: ROOT,
    entryPoints: CHILDREN,
    outbase: ROOT,
    outdir: join(folder, 'children'),
    bundle: true,
    platform: 'node',
    target: 'node20.19',
    external: ['pg-native'],
    // They read files of the repository where these lie.
    plugins: [moduleFolders(ROOT)],
    banner: {
      js: `const ${FOLDER_OF} = (folder) => require('node:path').join(${JSON.stringify(ROOT)}, folder);`,
    },
    keepNames: true,
    logLevel: 'warning',
  });
}

void main(process.argv[2] ?? '');
