// Where things are on the machine. Cloud-init, the bundle and the Azure resources all use these paths.

/** Everything below `dataDisk` is on the data disk, and nothing of value is anywhere else. */
export const DATA_PATHS = {
  dataDisk: '/srv/tsdb',
  postgres: '/srv/tsdb/postgres',
} as const;

/** In memory only: its content is lost at every boot and fetched again from the vault. */
export const RUN_FOLDER = '/run/tsdb';

/** Holds the scripts that cloud-init installs. The scripts of a release are in the release. */
export const SCRIPT_FOLDER = '/usr/local/lib/tsdb';

/** The data disk is attached under this number, and the boot script looks for it there. */
export const DATA_DISK_LUN = 10;
