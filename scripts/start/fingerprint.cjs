// Tells whether a file or folder is as it was when a bundle was built from it.
const { readdirSync, readFileSync, readlinkSync, statSync } = require('node:fs');
const { basename, join } = require('node:path');

/**
 * What was read from a path, and how the file system described it just before.
 * @typedef {object} Input
 * @property {string} path below the root, or absolute; a folder ends with a slash
 * @property {string} hash of its bytes; of a folder: of the names in it that can decide which file an import means
 * @property {string} stamp what a change of the file also changes, without reading it
 */

/**
 * The stamp of a path, and when it last changed, in nanoseconds; undefined where nothing is. The time is the one that no
 * program can set: a restored modification time does not hide a change.
 */
function stampOf(path) {
  const stat = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stat && { stamp: `${stat.ino} ${stat.size} ${stat.ctimeNs}`, changedAt: stat.ctimeNs };
}

const WHOLE_SECOND = 1_000_000_000n;

/**
 * Whether a file that is changed after `time` (in milliseconds) gets another stamp for sure. The clock of a file system ticks
 * every few milliseconds, and on some file systems once a second: two changes within one tick have the same stamp.
 */
function isSettled(changedAt, time) {
  const tick = changedAt % WHOLE_SECOND === 0n ? 2n * WHOLE_SECOND : 50_000_000n;
  return changedAt + tick < BigInt(time) * 1_000_000n;
}

/** The hash of what is at a path now; empty where nothing can be read. */
function hashAt(path) {
  try {
    return hashOf(path.endsWith('/') ? names(path) : readFileSync(path));
  } catch {
    return '';
  }
}

// Loaded when it is needed, which it seldom is at a start.
const hashOf = (content) => require('node:crypto').createHash('sha256').update(content).digest('base64url');

/**
 * Names in a folder that can decide which file an import means, with the targets of links. What the programs themselves write
 * into the root of the repository is none of them.
 */
function names(folder) {
  const ofPackages = /^(node_modules$|@)/.test(basename(folder));
  const counts = (name) =>
    ofPackages
      ? !name.startsWith('.')
      : /^[^.]+$|\.[cm]?[jt]sx?$|^(package|tsconfig|jsconfig)\.json$/.test(name);
  return readdirSync(folder, { withFileTypes: true })
    .filter((entry) => counts(entry.name) || entry.isSymbolicLink())
    .map((entry) =>
      entry.isSymbolicLink() ? `${entry.name} -> ${readlinkSync(join(folder, entry.name))}` : entry.name,
    )
    .sort()
    .join('\n');
}

module.exports = { hashAt, hashOf, isSettled, stampOf };
