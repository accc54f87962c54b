// The stored bundles of this checkout: where they lie, whether one is current, and how files get there whole.
const { closeSync, fsyncSync, lstatSync, mkdirSync, openSync, readFileSync } = require('node:fs');
const { renameSync, rmSync, writeFileSync } = require('node:fs');
const { isAbsolute, join, relative } = require('node:path');
const { hashAt, isSettled, stampOf } = require('./fingerprint.cjs');

/** Folder of the checkout. */
const ROOT = join(__dirname, '..', '..');

/**
 * One of the two scripts of a program: its own modules, or the packages that these load.
 * @typedef {object} Part
 * @property {string} script name of the file in the store; the code that V8 made of it is beside it, as `<script>.code`
 * @property {'latin1' | 'utf16le'} encoding
 * @property {number} checkedAt before the stamps of the inputs were taken, in milliseconds
 * @property {import('./fingerprint.cjs').Input[]} inputs everything that decided about its content
 */

/**
 * What is stored of a program.
 * @typedef {object} Manifest
 * @property {Part} own
 * @property {Part} packages
 * @property {string[]} names of the packages, as the program imports them
 */

/**
 * Folder of the bundles that this user has built. Nobody else may be able to put code there, so there is none where another
 * user can write: as little as into `node_modules`, whose code runs as well. The folder is made when it is missing.
 * @returns {string | undefined} undefined where it cannot be made or trusted; a program then runs from its sources
 */
function storeFolder(root = ROOT) {
  const user = process.geteuid?.();
  const modules = join(root, 'node_modules');
  const cache = join(modules, '.cache');
  const store = join(cache, `tsdb-start-${user}`);
  try {
    const outer = lstatSync(modules);
    if (user === undefined || !outer.isDirectory() || outer.mode & OTHERS) return undefined;
    makeFolder(cache, 0o755);
    const inner = lstatSync(cache);
    const allowed = inner.gid === outer.gid ? outer.mode & GROUP : 0;
    if (!inner.isDirectory() || ![user, outer.uid].includes(inner.uid)) return undefined;
    if (inner.mode & (GROUP | OTHERS) & ~allowed) return undefined;
    makeFolder(store, 0o700);
    const own = lstatSync(store);
    return own.isDirectory() && own.uid === user && !(own.mode & (GROUP | OTHERS)) ? store : undefined;
  } catch {
    return undefined;
  }
}

const GROUP = 0o020;
const OTHERS = 0o002;

function makeFolder(path, mode) {
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
}

/** Name of what belongs to a program. Compiled code fits one version of Node only. */
const nameOf = (file, root = ROOT) => `${encodeURIComponent(relative(root, file))}@${process.version}`;

const manifestPath = (store, name) => join(store, `${name}.json`);

/**
 * What is stored of a program, current or not.
 * @returns {Manifest | undefined}
 */
function readManifest(store, name) {
  try {
    return JSON.parse(readFileSync(manifestPath(store, name), 'utf8'));
  } catch {
    return undefined;
  }
}

const writeManifest = (store, name, manifest) =>
  writeWhole(manifestPath(store, name), JSON.stringify(manifest));

/**
 * The manifest of a program whose bundle is made of what its sources are now.
 * @returns {Manifest | undefined}
 */
function currentManifest(store, name, root = ROOT) {
  const manifest = readManifest(store, name);
  // What another version of this file has stored is none.
  const checks = attempt(() => [manifest.own, manifest.packages].map((part) => check(part, root)));
  if (checks === undefined || checks.includes('changed')) return undefined;
  // The next start need not read again what has only been touched.
  if (checks.includes('touched')) attempt(() => writeManifest(store, name, manifest));
  return manifest;
}

/**
 * Compares a part with its inputs, and notes the stamps of those that have others but the same content.
 * @param {Part} part
 * @returns {'same' | 'touched' | 'changed'}
 */
function check(part, root = ROOT) {
  const now = Date.now();
  let result = 'same';
  for (const input of part.inputs) {
    const path = isAbsolute(input.path) ? input.path : `${root}/${input.path}`;
    const found = stampOf(path);
    if (found?.stamp === input.stamp && isSettled(found.changedAt, part.checkedAt)) continue;
    if (found === undefined || hashAt(path) !== input.hash) return 'changed';
    input.stamp = found.stamp;
    result = 'touched';
  }
  if (result === 'touched') part.checkedAt = now;
  return result;
}

/** Writes a file that is there as a whole or not at all, whoever else writes it and whatever ends this process. */
function writeWhole(path, content) {
  const draft = `${path}.${process.pid}.draft`;
  try {
    const file = openSync(draft, 'w', 0o600);
    try {
      writeFileSync(file, content);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}

/** What is stored only makes the next start faster, so a full disk or a removed folder must not end a program. */
function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}

module.exports = {
  ROOT,
  attempt,
  check,
  currentManifest,
  nameOf,
  readManifest,
  storeFolder,
  writeManifest,
  writeWhole,
};
