// What the services of the compose file have in common.
import { DATA_PATHS, RUN_FOLDER } from '../machine-layout';

/** No privileges, nothing writable except mounts, and temporary files in memory. */
export const HARDENED = {
  // Not "unless-stopped": at boot Docker would start the container by itself, before the data disk is mounted.
  restart: 'on-failure',
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  tmpfs: ['/tmp:size=256m,mode=1777'],
} as const;

/** The user of all containers except the database. It may be any user except root. */
export const APP_USER = `\${TSDB_APP_UID:-10001}:\${TSDB_APP_UID:-10001}`;

/** A path on the data disk; the variable TSDB_ROOT moves it elsewhere. */
export const onDisk = (path: string): string => `\${TSDB_ROOT:-${DATA_PATHS.dataDisk}}/${path}`;

/** Mounts a path of the machine. With create_host_path off, a missing source is an error and not a new empty folder. */
export function bind(source: string, target: string, access: 'writable' | 'read-only') {
  return {
    type: 'bind',
    source,
    target,
    read_only: access === 'read-only',
    bind: { create_host_path: false },
  };
}

/** Mounts a secret, which is a file in memory, as `/run/secrets/<name>` or under another path. */
export const secret = (name: string, target = `/run/secrets/${name}`) =>
  bind(`\${TSDB_RUN:-${RUN_FOLDER}}/secrets/${name}`, target, 'read-only');
