// A lock that gives a data folder one owner, and a file by which other commands find the running server.
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf } from '../core/errors';
import { codeOf, LocalServerError } from './errors';
import { identify, type ProcessIdentity, stillLives } from './process-identity';

/** A held lock. It may be released more than once. */
export interface Lock {
  release(): void;
}

const LOCK = 'lock';
const SERVER = 'server.json';

/** Makes this process the owner of a folder. The lock of a dead process is taken over. */
export function takeLock(folder: string): Lock {
  const file = join(folder, LOCK);
  const mine = JSON.stringify({ ...ownIdentity(), token: randomBytes(8).toString('hex') });
  // Each round takes the lock, fails because its owner is alive, or removes the lock of a dead owner.
  for (let round = 0; round < 10; round += 1) {
    if (create(file, mine)) return { release: () => removeIfStill(file, mine) };
    const found = read(file);
    if (found === undefined) continue;
    const owner = parseIdentity(found);
    if (owner !== undefined && stillLives(owner)) throw heldBy(owner, folder);
    removeIfStill(file, found);
  }
  throw new LocalServerError(`${folder} is fought over by other processes that start and end; try again`);
}

/** The running process that holds the lock of a folder; undefined when there is none. */
export function lockOwner(folder: string): ProcessIdentity | undefined {
  const owner = parseIdentity(read(join(folder, LOCK)) ?? '');
  return owner !== undefined && stillLives(owner) ? owner : undefined;
}

/** Writes the address of the server of this process into a file that only its owner can read. */
export function announceServer(folder: string, url: string): void {
  const file = join(folder, SERVER);
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, `${JSON.stringify({ url, ...ownIdentity() })}\n`, { mode: 0o600 });
  renameSync(draft, file); // so that nobody ever reads half a file
}

/** Removes that file. */
export function withdrawServer(folder: string): void {
  rmSync(join(folder, SERVER), { force: true });
}

/** The address of the server that `tsdb up` runs for this data folder, if that process is alive. */
export function runningServer(folder: string): string | undefined {
  const text = read(join(folder, SERVER));
  if (text === undefined) return undefined;
  const owner = parseIdentity(text);
  if (owner === undefined || !stillLives(owner)) return undefined;
  const { url } = JSON.parse(text) as { url?: unknown };
  return typeof url === 'string' ? url : undefined;
}

function ownIdentity(): ProcessIdentity {
  return identify(process.pid) ?? { pid: process.pid, started: '' };
}

/** Creates the lock by linking a complete file. That is atomic, so nobody ever reads a lock without its owner. */
function create(file: string, content: string): boolean {
  const draft = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  try {
    writeFileSync(draft, content, { mode: 0o644, flag: 'wx' });
    linkSync(draft, file);
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw new LocalServerError(`cannot lock ${file}: ${messageOf(error)}; choose another data folder`, {
      cause: error,
    });
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Removes the lock if it still has the expected content; another process may have taken it since it was read. */
function removeIfStill(file: string, expected: string): void {
  const aside = `${file}.${process.pid}-${randomBytes(4).toString('hex')}`;
  if (read(file) !== expected) return;
  try {
    renameSync(file, aside);
    if (read(aside) !== expected) linkSync(aside, file); // it belongs to a new owner, so it is put back
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error;
  } finally {
    rmSync(aside, { force: true });
  }
}

function read(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (codeOf(error) === 'ENOENT' || codeOf(error) === 'ENOTDIR') return undefined;
    throw new LocalServerError(
      `cannot read ${file}: ${messageOf(error)}; run as the user that started the server`,
      {
        cause: error,
      },
    );
  }
}

function parseIdentity(text: string): ProcessIdentity | undefined {
  try {
    const { pid, started } = JSON.parse(text) as Partial<ProcessIdentity>;
    return typeof pid === 'number' && typeof started === 'string' ? { pid, started } : undefined;
  } catch {
    return undefined; // not written by this program, or incomplete because the disk was full: it has no owner
  }
}

function heldBy(owner: ProcessIdentity, folder: string): LocalServerError {
  return new LocalServerError(
    `${folder} is in use by process ${owner.pid}; stop that one first, or choose another data folder`,
  );
}
