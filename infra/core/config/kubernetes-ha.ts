// The replicating database cluster of the stack `kubernetes-ha`, read and checked.
import { IMAGE_REFERENCE, type Reader } from './reader';

export interface HaConfig {
  readonly ha: boolean;
  readonly haInstances: number;
  /** Never empty with `ha`. */
  readonly haImage: string;
  /** Object store for base backups and write-ahead log; empty for none. */
  readonly haBackupUrl: string;
}

/** Notes its faults in the reader. */
export function readHa(read: Reader): HaConfig {
  const ha = read.oneOf('TSDB_DEPLOY_HA', ['true', 'false']) === 'true';
  const haImage = read.optional('TSDB_DEPLOY_HA_IMAGE', IMAGE_REFERENCE, 'an image reference');
  if (ha && haImage === '')
    read.fault(
      'TSDB_DEPLOY_HA=true needs an image of PostgreSQL with TimescaleDB Community that CloudNativePG can run; set TSDB_DEPLOY_HA_IMAGE',
    );
  return {
    ha,
    haInstances: read.wholeNumber('TSDB_DEPLOY_HA_INSTANCES', 2, 9),
    haImage,
    haBackupUrl: read.optional(
      'TSDB_DEPLOY_HA_BACKUP_URL',
      /^(s3|gs|https):\/\/[a-z0-9][\w.-]*(\/[\w./-]*)?$/,
      'an object store such as s3://bucket/path, gs://bucket/path or https://account.blob.core.windows.net/container',
    ),
  };
}
