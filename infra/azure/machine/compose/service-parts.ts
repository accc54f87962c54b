// What the services of the compose file have in common.
import { DATA_PATHS, RUN_FOLDER } from '../machine-layout';

/** No privileges, nothing writable but what is mounted, and scratch in memory. */
export const HARDENED = {
  // Not "unless-stopped": at boot Docker would start the container by itself, before the data disk is mounted.
  restart: 'on-failure',
  read_only: true,
  cap_drop: ['ALL'],
  security_opt: ['no-new-privileges:true'],
  tmpfs: ['/tmp:size=256m,mode=1777'],
} as const;

/** The user of all containers but the database's: any but root. */
export const APP_USER = `\${TSDB_APP_UID:-10001}:\${TSDB_APP_UID:-10001}`;

/** A path on the data disk; a variable moves it. */
export const onDisk = (path: string): string => `\${TSDB_ROOT:-${DATA_PATHS.dataDisk}}/${path}`;

/** A mount of a path of the machine. Without create_host_path a missing source is an error, never a new empty folder. */
export function bind(source: string, target: string, access: 'writable' | 'read-only') {
  return {
    type: 'bind',
    source,
    target,
    read_only: access === 'read-only',
    bind: { create_host_path: false },
  };
}

/** A secret, which is a file in memory, as `/run/secrets/<name>` or under another path. */
export const secret = (name: string, target = `/run/secrets/${name}`) =>
  bind(`\${TSDB_RUN:-${RUN_FOLDER}}/secrets/${name}`, target, 'read-only');
