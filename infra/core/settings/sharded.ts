// The settings of the stack kubernetes-sharded, which is there only when TSDB_DEPLOY_SHARDED is "true".
import { LEAST_MEMORY_MIB } from './kubernetes';
import { flag, matching, NAMESPACE, optional, resourceName, wholeNumber } from './parsers';
import type { Fault, SettingTable, ValuesOf } from './setting';

export const SHARDED_SETTINGS = {
  isWanted: {
    name: 'TSDB_DEPLOY_SHARDED',
    default: 'false',
    meaning:
      '"true" replaces the database pod with a sharded cluster (Citus) of the operator StackGres (stack `kubernetes-sharded`)',
    parse: flag,
  },
  operatorNamespace: {
    name: 'TSDB_DEPLOY_SHARDED_OPERATOR_NAMESPACE',
    default: 'stackgres',
    meaning: 'namespace of the StackGres operator; its pods may reach the instances',
    parse: matching(NAMESPACE, 'a namespace'),
  },
  /** The operator turns a major version into the newest minor version, and then the declaration would differ for ever. */
  postgresVersion: {
    name: 'TSDB_DEPLOY_SHARDED_POSTGRES_VERSION',
    default: '17.9',
    meaning: 'version of PostgreSQL that the operator knows, with its minor version',
    parse: matching(/^1[5-8]\.\d{1,2}$/, 'a version with its minor version such as 17.9'),
  },
  shards: {
    name: 'TSDB_DEPLOY_SHARDED_SHARDS',
    default: '2',
    meaning:
      'number of shards, each a primary with its standbys; a new one is empty until shards are moved to it',
    parse: wholeNumber(1, 64),
  },
  instances: {
    name: 'TSDB_DEPLOY_SHARDED_INSTANCES',
    default: '2',
    meaning: 'number of instances of the coordinator and of each shard: one primary, the others standbys',
    parse: wholeNumber(2, 9),
  },
  diskGiB: {
    name: 'TSDB_DEPLOY_SHARDED_GIB',
    default: '256',
    meaning:
      'size of the volume of each instance of a shard in GiB; it can grow but not shrink; `TSDB_DEPLOY_DISK_GIB` is that of the coordinator',
    parse: wholeNumber(16, 65_536),
  },
  memoryMiB: {
    name: 'TSDB_DEPLOY_SHARDED_MEMORY_MIB',
    default: '4096',
    meaning:
      'memory request and limit of each instance of a shard in MiB; `TSDB_DEPLOY_DB_MEMORY_MIB` is that of the coordinator',
    parse: wholeNumber(LEAST_MEMORY_MIB, 1_048_576),
  },
  cpus: {
    name: 'TSDB_DEPLOY_SHARDED_CPUS',
    default: '2',
    meaning:
      'number of cores of each instance of a shard, which the operator makes its limit too; `TSDB_DEPLOY_DB_CPUS` is that of the coordinator',
    parse: wholeNumber(1, 128),
  },
  /** Empty for no backups of the operator. */
  backupUrl: {
    name: 'TSDB_DEPLOY_SHARDED_BACKUP_URL',
    meaning:
      'bucket for the point-in-time recovery of that cluster: `s3://bucket`, `gs://bucket` or `azure://container`; empty = no such backups',
    parse: optional(
      /^(s3|gs|azure):\/\/[a-z0-9][a-z0-9._-]*$/,
      'a bucket such as s3://bucket, gs://bucket or azure://container',
    ),
  },
  backupEndpoint: {
    name: 'TSDB_DEPLOY_SHARDED_BACKUP_ENDPOINT',
    meaning: 'address of an object store that speaks S3: `https://minio.example.org:9000`',
    parse: optional(
      /^https?:\/\/[a-z0-9][a-z0-9.-]*(:\d{1,5})?$/,
      'an address such as https://minio.example.org:9000',
    ),
  },
  backupSecret: {
    name: 'TSDB_DEPLOY_SHARDED_BACKUP_SECRET',
    meaning: 'Secret with the keys of the object store; required with `TSDB_DEPLOY_SHARDED_BACKUP_URL`',
    parse: resourceName('a Secret'),
  },
  backupKeep: {
    name: 'TSDB_DEPLOY_SHARDED_BACKUP_KEEP',
    default: '30',
    meaning: 'number of nightly base backups that are kept, and with them the log since the oldest',
    parse: wholeNumber(1, 3650),
  },
} as const satisfies SettingTable;

export type ShardedConfig = ValuesOf<typeof SHARDED_SETTINGS>;

/**
 * Checks the settings against each other.
 * @param isReplicating whether a replicating database is asked for, too
 */
export function checkSharded(
  { isWanted, backupUrl, backupEndpoint, backupSecret }: ShardedConfig,
  isReplicating: boolean,
  fault: Fault,
): void {
  if (isWanted && isReplicating)
    fault(
      'TSDB_DEPLOY_SHARDED=true and TSDB_DEPLOY_HA=true are two databases for one deployment; take one of the two away (each shard has standbys of its own: TSDB_DEPLOY_SHARDED_INSTANCES)',
    );
  if (backupUrl !== '' && backupSecret === '')
    fault(
      'TSDB_DEPLOY_SHARDED_BACKUP_URL needs TSDB_DEPLOY_SHARDED_BACKUP_SECRET: an identity of the pods would mean an open way to the metadata service of the cloud',
    );
  if (backupEndpoint !== '' && !backupUrl.startsWith('s3:'))
    fault(
      'TSDB_DEPLOY_SHARDED_BACKUP_ENDPOINT is the address of a store that speaks S3; set TSDB_DEPLOY_SHARDED_BACKUP_URL=s3://bucket too, or take it away',
    );
}
