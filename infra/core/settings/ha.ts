// The finer settings of the stack kubernetes-ha, which is there only when TSDB_DEPLOY_HA is "true".
import type { KubernetesConfig } from './kubernetes-config';
import { matching, NAMESPACE, optional, resourceName, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';

export const HA_SETTINGS = {
  operatorNamespace: {
    name: 'TSDB_DEPLOY_HA_OPERATOR_NAMESPACE',
    default: 'cnpg-system',
    meaning: 'namespace of the CloudNativePG operator; its pods may reach the instances',
    parse: matching(NAMESPACE, 'a namespace'),
  },
  postgresMajor: {
    name: 'TSDB_DEPLOY_HA_POSTGRES_MAJOR',
    default: '17',
    meaning:
      'PostgreSQL major version in the image; the operator cannot read it from the tags of TimescaleDB images',
    parse: wholeNumber(15, 18),
  },
  uid: {
    name: 'TSDB_DEPLOY_HA_UID',
    default: '1000',
    meaning:
      'id of the user and group `postgres` in the image: 1000 in timescaledb-ha, 26 in images that are based on the images of the operator',
    parse: wholeNumber(1, 65_535),
  },
  walGiB: {
    name: 'TSDB_DEPLOY_HA_WAL_GIB',
    default: '32',
    meaning: "size of each instance's volume for the write-ahead log in GiB; it can grow but not shrink",
    // The server keeps up to 4 GiB of log between two checkpoints, and more while a standby is absent.
    parse: wholeNumber(8, 65_536),
  },
  backupDays: {
    name: 'TSDB_DEPLOY_HA_BACKUP_DAYS',
    default: '30',
    meaning: 'number of days for which any moment can be restored',
    parse: wholeNumber(1, 3650),
  },
  backupEndpoint: {
    name: 'TSDB_DEPLOY_HA_BACKUP_ENDPOINT',
    meaning: 'address of an object store outside the cloud provider: `https://minio.example.org:9000`',
    parse: optional(
      /^https?:\/\/[a-z0-9][a-z0-9.-]*(:\d{1,5})?$/,
      'an address such as https://minio.example.org:9000',
    ),
  },
  backupSecret: {
    name: 'TSDB_DEPLOY_HA_BACKUP_SECRET',
    meaning: 'Secret with the keys of the object store; empty = the pods log in with their own identity',
    parse: resourceName('a Secret'),
  },
  backupIdentity: {
    name: 'TSDB_DEPLOY_HA_BACKUP_IDENTITY',
    meaning: 'identity of the pods: client id of a managed identity (https), or ARN of a role (s3)',
    parse: optional(/^[\w:/+=,.@-]+$/, 'a client id or the ARN of a role'),
  },
  restoreFrom: {
    name: 'TSDB_DEPLOY_HA_RESTORE_FROM',
    variableOnly: true,
    meaning: 'deployment from whose backups a new cluster starts: `<name>-<environment>`',
    parse: optional(/^[a-z][a-z0-9-]{1,62}$/, 'name and environment of a deployment such as tsdb-prod'),
  },
  restoreTime: {
    name: 'TSDB_DEPLOY_HA_RESTORE_TIME',
    variableOnly: true,
    meaning: 'moment to restore: `2026-01-31 23:59:00+00`; empty = the latest',
    parse: optional(
      /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d{1,6})?[+-]\d\d(:\d\d)?$/,
      'a moment with its time zone such as 2026-01-31 23:59:00+00',
    ),
  },
} as const satisfies SettingTable;

export type HaClusterConfig = ValuesOf<typeof HA_SETTINGS>;

/** Checks the settings against each other and against those of the kubernetes stack. */
export function checkHa(
  { postgresMajor, backupSecret, restoreFrom, restoreTime }: HaClusterConfig,
  { haImage, haBackupUrl }: KubernetesConfig,
  fault: Fault,
): void {
  // The operator relies on this number, and would start version 17 on the files of version 16.
  const inTag = /:pg(\d\d)/.exec(haImage)?.[1] ?? String(postgresMajor);
  if (inTag !== String(postgresMajor))
    fault(
      `TSDB_DEPLOY_HA_IMAGE=${haImage} looks like PostgreSQL ${inTag}, and TSDB_DEPLOY_HA_POSTGRES_MAJOR says ${postgresMajor}; make them agree`,
    );
  if (haBackupUrl.startsWith('gs:') && backupSecret === '')
    fault(
      'TSDB_DEPLOY_HA_BACKUP_URL=gs://… needs TSDB_DEPLOY_HA_BACKUP_SECRET: an identity of the pod would mean an open way to the metadata service of the cloud',
    );
  if (restoreFrom !== '' && haBackupUrl === '')
    fault('TSDB_DEPLOY_HA_RESTORE_FROM needs TSDB_DEPLOY_HA_BACKUP_URL, where those backups are');
  if (restoreTime !== '' && restoreFrom === '')
    fault('TSDB_DEPLOY_HA_RESTORE_TIME needs TSDB_DEPLOY_HA_RESTORE_FROM');
}
