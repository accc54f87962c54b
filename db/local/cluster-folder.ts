// Makes the folder of a private cluster, marks it as ours, and gives it to the user that runs the server.
import {
  chmodSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { messageOf } from '../core/errors';
import { LocalServerError } from './errors';
import { canEnter, isRoot, type SystemUser, serverUser } from './system-user';

/** The file that marks a folder as ours. Without it this code does not write to a folder and starts or stops no server there. */
export const MARKER = 'timescaledb-as-code.json';

/** Makes or accepts the folder. Returns the user that must run its server; undefined means the present user. */
export function claimFolder(folder: string): SystemUser | undefined {
  refuseForeign(folder);
  try {
    makeOpenFolder(dirname(folder));
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!names(folder).includes(MARKER)) {
      writeFileSync(join(folder, MARKER), '{"holds":"a PostgreSQL cluster of timescaledb-as-code"}\n');
    }
  } catch (error) {
    throw new LocalServerError(`cannot write to ${folder}: ${messageOf(error)}; choose another data folder`, {
      cause: error,
    });
  }
  const user = isRoot() ? handOver(folder) : undefined;
  if (!canEnter(user, folder)) {
    const who =
      user === undefined ? 'this user' : `user ${user.name}, which runs the server because root may not,`;
    throw new LocalServerError(
      `${who} cannot reach ${folder}; choose a data folder outside of closed folders, such as /var/lib/timescaledb-as-code`,
    );
  }
  return user;
}

/**
 * Makes a folder and its missing parents. If root makes them, everybody may enter them, because the user that runs the server
 * must reach its data below them.
 */
export function makeOpenFolder(folder: string): void {
  const first = mkdirSync(folder, { recursive: true });
  if (first === undefined || !isRoot()) return;
  for (let made = folder; made.length >= first.length; made = dirname(made)) chmodSync(made, 0o755);
}

/** Gives a tree to a user without following links. */
export function giveTo(user: SystemUser, path: string): void {
  lchownSync(path, user.uid, user.gid);
  if (!lstatSync(path).isDirectory()) return;
  for (const name of readdirSync(path)) giveTo(user, join(path, name));
}

function refuseForeign(folder: string): void {
  const existing = existingAncestor(folder);
  const found = statSync(existing);
  if (!found.isDirectory())
    throw new LocalServerError(`${existing} is not a folder; choose another data folder`);
  if (existing !== folder) return;
  const uid = process.geteuid?.();
  if (!isRoot() && found.uid !== uid) {
    throw new LocalServerError(
      `${folder} belongs to user ${found.uid}, and this is user ${uid}; run as that user, or choose another data folder`,
    );
  }
  const content = names(folder);
  if (content.length > 0 && !content.includes(MARKER)) {
    throw new LocalServerError(
      `${folder} is not empty and was not made by timescaledb-as-code; choose another data folder`,
    );
  }
}

/** If an ordinary user made the folder, that user runs the server, and so can go on without root later. */
function handOver(folder: string): SystemUser | undefined {
  const owner = statSync(folder);
  if (owner.uid !== 0) return { name: String(owner.uid), uid: owner.uid, gid: owner.gid };
  const user = serverUser();
  try {
    if (user !== undefined) giveTo(user, realpathSync(folder));
  } catch (error) {
    throw new LocalServerError(
      `cannot give ${folder} to user ${user?.name}: ${messageOf(error)}; run as an ordinary user or set DATABASE_URL`,
      { cause: error },
    );
  }
  return user;
}

function names(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name !== 'lost+found'); // the root folder of a volume contains it
  } catch (error) {
    throw new LocalServerError(`cannot read ${folder}: ${messageOf(error)}; choose another data folder`, {
      cause: error,
    });
  }
}

/** The path itself if it exists, otherwise its nearest existing parent. */
function existingAncestor(path: string): string {
  return existsSync(path) ? path : existingAncestor(dirname(path));
}
