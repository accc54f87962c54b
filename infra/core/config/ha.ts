// The finer settings of the stack kubernetes-ha, read and checked.
import type { Reader } from './reader';

/** `settings/ha.ts` says what each value means. Texts are empty where nothing was given. */
export interface HaClusterConfig {
  readonly operatorNamespace: string;
  readonly postgresMajor: number;
  readonly uid: number;
  readonly walGiB: number;
  readonly backupDays: number;
  readonly backupEndpoint: string;
  readonly backupSecret: string;
  readonly backupIdentity: string;
  readonly restoreFrom: string;
  readonly restoreTime: string;
}

/** Notes its faults in the reader. */
export function readHaCluster(read: Reader): HaClusterConfig {
  const postgresMajor = read.wholeNumber('TSDB_DEPLOY_HA_POSTGRES_MAJOR', 15, 18);
  refuseOtherMajor(read, postgresMajor);
  return {
    operatorNamespace: read.matching('TSDB_DEPLOY_HA_OPERATOR_NAMESPACE', DNS_LABEL, 'a namespace'),
    postgresMajor,
    uid: read.wholeNumber('TSDB_DEPLOY_HA_UID', 1, 65_535),
    // The server keeps up to 4 GiB of it between two checkpoints, and more while a standby is away.
    walGiB: read.wholeNumber('TSDB_DEPLOY_HA_WAL_GIB', 8, 65_536),
    backupDays: read.wholeNumber('TSDB_DEPLOY_HA_BACKUP_DAYS', 1, 3650),
    ...readStore(read),
    ...readRestore(read),
  };
}

const DNS_LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const ANYTHING = /^/;

// The operator believes the number, and would start version 17 on the files of version 16.
function refuseOtherMajor(read: Reader, major: number): void {
  const image = read.optional('TSDB_DEPLOY_HA_IMAGE', ANYTHING, '');
  const inTag = /:pg(\d\d)/.exec(image)?.[1] ?? String(major);
  if (inTag !== String(major))
    read.fault(
      `TSDB_DEPLOY_HA_IMAGE=${image} looks like PostgreSQL ${inTag}, and TSDB_DEPLOY_HA_POSTGRES_MAJOR says ${major}; make them agree`,
    );
}

type Store = Pick<HaClusterConfig, 'backupEndpoint' | 'backupSecret' | 'backupIdentity'>;

function readStore(read: Reader): Store {
  const url = read.optional('TSDB_DEPLOY_HA_BACKUP_URL', ANYTHING, '');
  const store = {
    backupEndpoint: read.optional(
      'TSDB_DEPLOY_HA_BACKUP_ENDPOINT',
      /^https?:\/\/[a-z0-9][a-z0-9.-]*(:\d{1,5})?$/,
      'an address such as https://minio.example.org:9000',
    ),
    backupSecret: read.optional(
      'TSDB_DEPLOY_HA_BACKUP_SECRET',
      /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
      'the name of a Secret',
    ),
    backupIdentity: read.optional(
      'TSDB_DEPLOY_HA_BACKUP_IDENTITY',
      /^[\w:/+=,.@-]+$/,
      'a client id or the ARN of a role',
    ),
  };
  if (url.startsWith('gs:') && store.backupSecret === '')
    read.fault(
      'TSDB_DEPLOY_HA_BACKUP_URL=gs://… needs TSDB_DEPLOY_HA_BACKUP_SECRET: an identity of the pod would mean an open way to the metadata service of the cloud',
    );
  return store;
}

function readRestore(read: Reader): Pick<HaClusterConfig, 'restoreFrom' | 'restoreTime'> {
  const restoreFrom = read.optional(
    'TSDB_DEPLOY_HA_RESTORE_FROM',
    /^[a-z][a-z0-9-]{1,62}$/,
    'name and environment of a deployment such as tsdb-prod',
  );
  const restoreTime = read.optional(
    'TSDB_DEPLOY_HA_RESTORE_TIME',
    /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/,
    'a moment with its time zone such as 2026-01-31 23:59:00+00',
  );
  if (restoreFrom !== '' && read.optional('TSDB_DEPLOY_HA_BACKUP_URL', ANYTHING, '') === '')
    read.fault('TSDB_DEPLOY_HA_RESTORE_FROM needs TSDB_DEPLOY_HA_BACKUP_URL, where those backups are');
  if (restoreTime !== '' && restoreFrom === '')
    read.fault('TSDB_DEPLOY_HA_RESTORE_TIME needs TSDB_DEPLOY_HA_RESTORE_FROM');
  return { restoreFrom, restoreTime };
}
