// PostgreSQL refuses to run as root. This file chooses an unprivileged user instead and finds out what that user can reach.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { LocalServerError } from './errors';

/** A user that server processes run as. */
export interface SystemUser {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

/**
 * Environment of server processes. LC_ALL keeps messages in English and keeps macOS from starting threads. PG… variables of the
 * caller are not passed on.
 */
export const SERVER_ENV = Object.freeze({ PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' });

const CANDIDATES = ['postgres', 'nobody'];

/** The user that must run servers; undefined means the present user. Users are looked up, never created. */
export function serverUser(passwd = '/etc/passwd'): SystemUser | undefined {
  if (!isRoot()) return undefined;
  const users = parsePasswd(existsSync(passwd) ? readFileSync(passwd, 'utf8') : '');
  for (const name of CANDIDATES) {
    const user = users.find((candidate) => candidate.name === name);
    if (user !== undefined && user.uid !== 0) return user;
  }
  throw new LocalServerError(
    `PostgreSQL does not run as root, and there is no user ${CANDIDATES.join(' or ')}; run as an ordinary user or set DATABASE_URL`,
  );
}

/** Whether this process is root. */
export function isRoot(): boolean {
  return process.geteuid?.() === 0;
}

/** The entries of a passwd file. */
export function parsePasswd(text: string): SystemUser[] {
  return text.split('\n').flatMap((line) => {
    const [, name, uid, gid] = /^([^:#+-][^:]*):[^:]*:(\d+):(\d+):/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, uid: Number(uid), gid: Number(gid) }];
  });
}

/** Options of child_process that make a child run as the given user, or as the present user. */
export function runAs(user: SystemUser | undefined): { uid?: number; gid?: number; cwd: string } {
  // The child must be able to enter its working folder, and may not be allowed to enter ours.
  return user === undefined ? { cwd: '/' } : { uid: user.uid, gid: user.gid, cwd: '/' };
}

/** Whether the user can enter a folder. A shell tries it, because the file mode says nothing about access lists and mounts. */
export function canEnter(user: SystemUser | undefined, folder: string): boolean {
  const result = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], {
    ...runAs(user),
    env: SERVER_ENV,
  });
  return result.status === 0;
}

/** Whether the user can run a program and load its libraries. */
export function canRun(user: SystemUser | undefined, program: string): boolean {
  return spawnSync(program, ['--version'], { ...runAs(user), env: SERVER_ENV }).status === 0;
}

/** The data folder of `tsdb up`: `.tsdb` in the checkout, or a folder below /var/lib if the user of the server cannot reach that. */
export function defaultDataFolder(cwd: string): string {
  const here = resolve(cwd);
  const user = serverUser();
  if (user === undefined || canEnter(user, here)) return join(here, '.tsdb');
  const hash = createHash('sha256').update(here).digest('hex').slice(0, 8);
  return join('/var/lib/timescaledb-as-code', `${basename(here) || 'root'}-${hash}`);
}
