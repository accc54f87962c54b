// Builds the bundle of a program and stores it: `node scripts/start/build.cjs FILE`. It has two parts, because the packages of a
// program seldom change: its own modules are bundled in a fraction of the time.
const { isAscii } = require('node:buffer');
const { existsSync, readdirSync, rmSync, statSync } = require('node:fs');
const { isBuiltin } = require('node:module');
const { join } = require('node:path');
const esbuild = require('esbuild');
const { hashOf, isSettled } = require('./fingerprint.cjs');
const { readSources, surroundings } = require('./inputs.cjs');
const {
  attempt,
  check,
  nameOf,
  readManifest,
  ROOT,
  storeFolder,
  writeManifest,
  writeWhole,
} = require('./store.cjs');

const OPTIONS = {
  absWorkingDir: ROOT,
  bundle: true,
  platform: 'node',
  format: 'cjs',
  // The oldest Node that package.json allows.
  target: 'node20.19',
  // Classes and functions have the names that they have without a bundle.
  keepNames: true,
  legalComments: 'none',
  // A script whose compiled code is stored cannot import modules by itself, so packages that are imported are bundled as well.
  supported: { 'dynamic-import': false },
  // What the launcher calls: the five names that Node gives to a module, and the places of the sources.
  banner: { js: '(function (exports, require, module, __filename, __dirname, __placeOf) {' },
  footer: { js: '})' },
  metafile: true,
  write: false,
  logLevel: 'silent',
};

/** Replaces the parts that are not current. */
async function build(file) {
  const store = storeFolder();
  if (store === undefined) throw new Error('there is no folder for bundles');
  const name = nameOf(file);
  const before = readManifest(store, name);
  const isCurrent = (part) =>
    attempt(() => existsSync(join(store, part.script)) && check(part) !== 'changed') === true;
  const own = before && isCurrent(before.own) ? before : await buildOwn(store, name, file);
  const packages =
    before && `${before.names}` === `${own.names}` && isCurrent(before.packages)
      ? before.packages
      : await buildPackages(store, name, own.names);
  writeManifest(store, name, { own: own.own, packages, names: own.names });
  removeOld(store, name, [own.own, packages]);
}

async function buildOwn(store, name, file) {
  const { part, metafile } = await buildPart(store, `${name}-own`, file, {
    entryPoints: [file],
    // Relative to the store, where the map lies.
    outfile: join(store, 'own.js'),
    packages: 'external',
    sourcemap: 'external',
    sourcesContent: false,
  });
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports);
  const names = imports
    .filter(({ external, kind, path }) => external && kind !== 'require-resolve' && !isBuiltin(path))
    .map(({ path }) => path);
  return { own: part, names: [...new Set(names)].sort() };
}

async function buildPackages(store, name, names) {
  const entries = names
    .map((path) => JSON.stringify(path))
    .map((path) => `[${path}, () => require(${path})]`);
  const { part } = await buildPart(store, `${name}-packages`, undefined, {
    stdin: { contents: `module.exports = new Map([${entries}]);`, resolveDir: ROOT },
    outfile: join(store, 'packages.js'),
    // Optional parts of packages, which an installation has or not.
    external: ['pg-native', 'supports-color'],
    // Comments are a third of it.
    minifyWhitespace: true,
    lineLimit: 120,
  });
  return part;
}

async function buildPart(store, name, program, options) {
  const checkedAt = Date.now();
  const sources = readSources(ROOT, program);
  const { metafile, outputFiles } = await esbuild.build({
    ...OPTIONS,
    ...options,
    plugins: [sources.plugin],
  });
  const read = Object.keys(metafile.inputs).filter((path) => path !== '<stdin>');
  const around = surroundings(ROOT, read);
  if (around.some(({ changedAt }) => !isSettled(changedAt, checkedAt)))
    throw new Error('folders changed while they were read');
  const inputs = [...read.map(sources.taken), ...around.map(({ changedAt, ...input }) => input)];
  const content = outputFiles.find(({ path }) => path.endsWith('.js')).contents;
  const map = outputFiles.find(({ path }) => path.endsWith('.map'));
  const script = `${name}-${hashOf(content).slice(0, 16)}.js`;
  if (map) writeWhole(join(store, `${script}.map`), map.contents);
  // Both are read without decoding.
  const encoding = isAscii(content) ? 'latin1' : 'utf16le';
  writeWhole(join(store, script), Buffer.from(Buffer.from(content).toString(), encoding));
  return { part: { script, encoding, checkedAt, inputs }, metafile };
}

/** Drafts that are older than this were left by a process that was killed. */
const HOUR_MS = 3_600_000;

function removeOld(store, name, parts) {
  const kept = [
    `${name}.json`,
    ...parts.flatMap(({ script }) => [script, `${script}.code`, `${script}.map`]),
  ];
  for (const file of readdirSync(store)) {
    const path = join(store, file);
    const isDraft = file.endsWith('.draft');
    if (
      isDraft
        ? attempt(() => statSync(path).mtimeMs) < Date.now() - HOUR_MS
        : file.startsWith(name) && !kept.includes(file)
    )
      rmSync(path, { force: true });
  }
}

void build(process.argv[2]);
