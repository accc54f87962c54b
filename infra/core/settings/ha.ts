// The finer settings of the stack kubernetes-ha, which is there only when TSDB_DEPLOY_HA is "true".
import type { Setting } from './setting';

/** What infra/environments.ts may say for the stack kubernetes-ha. */
export interface HaValues {
  readonly operatorNamespace?: string;
  readonly postgresMajor?: number;
  readonly uid?: number;
  readonly walGiB?: number;
  readonly backupDays?: number;
  readonly backupEndpoint?: string;
  readonly backupSecret?: string;
  readonly backupIdentity?: string;
}

export const HA_SETTINGS = [
  {
    name: 'TSDB_DEPLOY_HA_OPERATOR_NAMESPACE',
    field: 'operatorNamespace',
    default: 'cnpg-system',
    meaning: 'namespace of the CloudNativePG operator, whose pods may reach the instances',
  },
  {
    name: 'TSDB_DEPLOY_HA_POSTGRES_MAJOR',
    field: 'postgresMajor',
    default: '17',
    meaning: 'PostgreSQL major version in the image; the operator cannot tell it from such tags',
  },
  {
    name: 'TSDB_DEPLOY_HA_UID',
    field: 'uid',
    default: '1000',
    meaning:
      "user and group `postgres` in the image: 1000 in timescaledb-ha, 26 in images built on the operator's",
  },
  {
    name: 'TSDB_DEPLOY_HA_WAL_GIB',
    field: 'walGiB',
    default: '32',
    meaning: 'size of the volume of the write-ahead log of each instance in GiB; may grow, never shrink',
  },
  {
    name: 'TSDB_DEPLOY_HA_BACKUP_DAYS',
    field: 'backupDays',
    default: '30',
    meaning: 'any moment of so many days can be restored',
  },
  {
    name: 'TSDB_DEPLOY_HA_BACKUP_ENDPOINT',
    field: 'backupEndpoint',
    default: '',
    meaning: "address of an object store that is not the cloud's own: `https://minio.example.org:9000`",
  },
  {
    name: 'TSDB_DEPLOY_HA_BACKUP_SECRET',
    field: 'backupSecret',
    default: '',
    meaning: "Secret with the keys of the object store; empty to log in as the pods' own identity",
  },
  {
    name: 'TSDB_DEPLOY_HA_BACKUP_IDENTITY',
    field: 'backupIdentity',
    default: '',
    meaning: 'that identity: client id of a managed identity (https), or ARN of a role (s3)',
  },
  {
    name: 'TSDB_DEPLOY_HA_RESTORE_FROM',
    default: '',
    meaning: 'a new cluster starts from the backups of this one: `<name>-<environment>`',
  },
  {
    name: 'TSDB_DEPLOY_HA_RESTORE_TIME',
    default: '',
    meaning: 'the moment to restore: `2026-01-31 23:59:00+00`; empty for the latest',
  },
] as const satisfies readonly Setting<keyof HaValues>[];
