// Where things are on the machine. Cloud-init, the bundle and the Azure resources agree on these.

/** Everything below `dataDisk` is on the data disk; nothing of value is anywhere else. */
export const DATA_PATHS = {
  dataDisk: '/srv/tsdb',
  postgres: '/srv/tsdb/postgres',
} as const;

/** In memory only: gone with every boot, fetched again from the vault. */
export const RUN_FOLDER = '/run/tsdb';

/** Scripts that cloud-init places. Those of a release are in the release. */
export const SCRIPT_FOLDER = '/usr/local/lib/tsdb';

/** The attachment gives the data disk this number, and the boot script looks for it under the same. */
export const DATA_DISK_LUN = 10;
