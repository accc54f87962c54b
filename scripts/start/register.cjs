// `node --require ./scripts/start/register.cjs main.ts` runs a program in TypeScript from its stored bundle, which starts in a
// fraction of the time. A bundle is built again as soon as one of its sources differs; where none can be stored, and in a
// debugger, the program runs from its sources.
const { openSync, readFileSync } = require('node:fs');
const inspector = require('node:inspector');
const { createRequire } = require('node:module');
const { dirname, join } = require('node:path');
const { Script } = require('node:vm');
const { isMainThread } = require('node:worker_threads');
const { attempt, currentManifest, nameOf, ROOT, storeFolder, writeWhole } = require('./store.cjs');
const { nameSources } = require('./traces.cjs');

require.extensions['.ts'] = (module, file) => {
  const isProgram = module.id === '.' && isMainThread;
  const bundle = isProgram && inspector.url() === undefined ? storedBundle(file) : undefined;
  if (bundle !== undefined) return run(bundle, module);
  // Takes this function's place, and compiles whatever else is loaded.
  require('tsx/cjs');
  require.extensions['.ts'](module, file);
};

/** The compiled scripts of a program, built when there is no current bundle; undefined when it cannot be built or stored. */
function storedBundle(file) {
  const store = storeFolder();
  if (store === undefined) return undefined;
  return currentBundle(store, file) ?? (build(file) ? currentBundle(store, file) : undefined);
}

function currentBundle(store, file) {
  const manifest = currentManifest(store, nameOf(file));
  if (manifest === undefined) return undefined;
  // A build of another process may remove a file after it was found current.
  return attempt(() => {
    const own = compile(store, manifest.own);
    return { own, packages: compile(store, manifest.packages), map: openSync(`${own.path}.map`, 'r') };
  });
}

/** In a process of its own: the bundler works asynchronously, and its memory is gone when the program starts. */
function build(file) {
  const { spawnSync } = require('node:child_process');
  const args = [join(__dirname, 'build.cjs'), file];
  return spawnSync(process.execPath, args, { stdio: 'ignore' }).status === 0;
}

function compile(store, { script: name, encoding }) {
  const path = join(store, name);
  const source = readFileSync(path, encoding);
  const cachedData = attempt(() => readFileSync(`${path}.code`));
  const script = new Script(source, { filename: path, cachedData });
  // At the end, V8 has compiled what this program needs. A process that is killed leaves it to the next one.
  if (cachedData === undefined || script.cachedDataRejected)
    process.once('exit', () => attempt(() => writeWhole(`${path}.code`, script.createCachedData())));
  return { path, load: script.runInThisContext() };
}

/** Runs a program as Node runs the main module. */
function run({ own, packages, map }, module) {
  nameSources(own.path, map);
  const required = createRequire(module.filename);
  const placeOf = (path) => join(ROOT, path);
  const loaded = { exports: {} };
  packages.load(loaded.exports, required, loaded, packages.path, dirname(packages.path), placeOf);
  const requireHere = (name) => (loaded.exports.has(name) ? loaded.exports.get(name)() : required(name));
  Object.assign(requireHere, required, { main: module });
  own.load.call(
    module.exports,
    module.exports,
    requireHere,
    module,
    module.filename,
    dirname(module.filename),
    placeOf,
  );
}
