// Where things are on the database machine.

/** Everything below `dataDisk` is on the data disk; nothing of value is anywhere else. */
export const DATA_PATHS = {
  dataDisk: '/srv/tsdb',
  postgres: '/srv/tsdb/postgres',
  passwordFile: '/srv/tsdb/secrets/postgres-password',
} as const;

/** Placed by cloud-init. */
export const SCRIPT_FOLDER = '/usr/local/lib/tsdb';
export const COMPOSE_PATH = '/etc/tsdb/compose.yaml';

/** The attachment gives the data disk this number, and the boot script looks for it under the same. */
export const DATA_DISK_LUN = 10;
