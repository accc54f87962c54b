// What goes into a bundle, noted while it is read: sources, and what decides which file an import means.
const { existsSync, readdirSync, readFileSync } = require('node:fs');
const { basename, dirname, extname, join, relative, resolve } = require('node:path');
const { hashAt, hashOf, stampOf } = require('./fingerprint.cjs');

const LOADERS = { '.ts': 'ts', '.js': 'js', '.cjs': 'js', '.mjs': 'js', '.json': 'json' };

/**
 * Hands files to the bundler, so that a note about each is true even when it changes meanwhile. In one script all modules would
 * share one `__dirname` and one `__filename`, and each would take itself for the program: here they keep their places, and only
 * `program` starts.
 */
function readSources(root, program) {
  const notes = new Map();
  const placed = (source, path) => {
    const place = { __dirname: dirname(path), __filename: path };
    const inPlace = source
      .replace(/^#!.*/, '')
      .replaceAll(
        /\b__(?:dir|file)name\b/g,
        (name) => `__placeOf(${JSON.stringify(relative(root, place[name]))})`,
      );
    return path === program ? inPlace : inPlace.replaceAll('require.main === module', 'false');
  };
  const plugin = {
    name: 'sources',
    setup({ onLoad }) {
      onLoad({ filter: /./, namespace: 'file' }, ({ path }) => {
        const { stamp } = stampOf(path);
        const content = readFileSync(path);
        notes.set(path, { hash: hashOf(content), stamp });
        const loader = LOADERS[extname(path)] ?? 'default';
        return { contents: loader === 'json' ? content : placed(content.toString(), path), loader };
      });
    },
  };
  return { plugin, taken: (path) => ({ path, ...notes.get(resolve(root, path)) }) };
}

/**
 * The folders above the sources, as a new file in them can take the place of another, the manifests in these folders, and what
 * builds. They are noted after the build, so `changedAt` must lie before it.
 */
function surroundings(root, sources) {
  const folders = new Set(sources.flatMap((path) => foldersAbove(root, resolve(root, path))));
  for (const folder of [...folders]) {
    const modules = join(folder, 'node_modules');
    if (basename(folder) === 'node_modules' || !existsSync(modules)) continue;
    folders.add(modules);
    for (const name of readdirSync(modules)) if (name.startsWith('@')) folders.add(join(modules, name));
  }
  const files = [...folders].flatMap((folder) =>
    ['package.json', 'tsconfig.json', 'jsconfig.json'].map((name) => join(folder, name)),
  );
  const builder = readdirSync(__dirname).map((name) => join(__dirname, name));
  return [...files, ...builder, join(root, 'node_modules/esbuild/package.json')]
    .filter((path) => existsSync(path))
    .concat([...folders].map((folder) => `${folder}/`))
    .map((path) => ({ ...stampOf(path), path, hash: hashAt(path) }))
    .map((input) => ({ ...input, path: shortened(root, input.path) }));
}

const foldersAbove = (root, path) => {
  const folder = dirname(path);
  return folder === root || folder === dirname(folder) ? [folder] : [folder, ...foldersAbove(root, folder)];
};

const shortened = (root, path) => (path.startsWith(`${root}/`) ? path.slice(root.length + 1) || './' : path);

module.exports = { readSources, surroundings };
