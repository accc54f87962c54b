// The settings of the kubernetes stack, read and checked.
import { apiConnections, LEAST_CONNECTIONS } from '../api-connections';
import type { MachineSize } from '../machine-sizes';
import { CLUSTERS, type ClusterKind } from '../settings/kubernetes';
import { type HaConfig, readHa } from './kubernetes-ha';
import { type IngressConfig, readIngress } from './kubernetes-ingress';
import { readStorage, type StorageConfig } from './kubernetes-storage';
import { PINNED_IMAGE, type Reader } from './reader';

/** `settings/kubernetes.ts` says what each value means. Texts are empty where nothing was given. */
export interface KubernetesConfig extends StorageConfig, HaConfig, IngressConfig {
  readonly cluster: ClusterKind;
  readonly configPath: string;
  readonly context: string;
  readonly database: MachineSize;
  /** Always 1. */
  readonly replicas: number;
  /** Least number of API pods; `apiMaxReplicas` is at least as high. */
  readonly apiReplicas: number;
  readonly apiMaxReplicas: number;
  /** Five fields of cron, in UTC; empty for no backups. */
  readonly backupSchedule: string;
  /** Days. */
  readonly backupKeep: number;
  readonly backupGiB: number;
  /** Secret with the login of a registry. It may be made while the first deployment waits for its pods. */
  readonly pullSecret: string;
  /** Empty when not given: the kubernetes stack then fails inside Terraform, and no other stack does. */
  readonly appImage: string;
}

/** Notes its faults in the reader. */
export function readKubernetes(read: Reader): KubernetesConfig {
  const database = {
    cpus: read.wholeNumber('TSDB_DEPLOY_DB_CPUS', 1, 128),
    memoryMiB: read.wholeNumber('TSDB_DEPLOY_DB_MEMORY_MIB', LEAST_MEMORY_MIB, 1_048_576),
  };
  return {
    cluster: read.oneOf('TSDB_DEPLOY_CLUSTER', CLUSTERS),
    configPath: read.matching('TSDB_DEPLOY_KUBE_CONFIG', /^[^$%\n]+$/, 'a file path'),
    context: read.optional('TSDB_DEPLOY_KUBE_CONTEXT', /^[^$%\n]+$/, 'a context name'),
    ...readStorage(read),
    database,
    replicas: read.only(
      'TSDB_DEPLOY_DB_REPLICAS',
      '1',
      'more replicas of the StatefulSet would be as many separate databases, not standbys of one; leave it at 1, and set TSDB_DEPLOY_HA=true for a cluster that replicates',
    ),
    ...readHa(read),
    ...readApi(read, database),
    ...readIngress(read),
    ...readBackup(read),
    pullSecret: read.optional(
      'TSDB_DEPLOY_PULL_SECRET',
      /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/,
      'the name of a Secret',
    ),
    appImage: read.optional(
      'TSDB_APP_IMAGE',
      PINNED_IMAGE,
      'an image reference with a version tag that is not "latest", or with a digest',
    ),
  };
}

const LEAST_MEMORY_MIB = 512;

function readApi(
  read: Reader,
  database: MachineSize,
): Pick<KubernetesConfig, 'apiReplicas' | 'apiMaxReplicas'> {
  const apiReplicas = read.wholeNumber('TSDB_DEPLOY_API_REPLICAS', 1, 50);
  const apiMaxReplicas = read.wholeNumber('TSDB_DEPLOY_API_MAX_REPLICAS', 1, 50);
  if (apiMaxReplicas < apiReplicas)
    read.fault(
      `TSDB_DEPLOY_API_MAX_REPLICAS must be at least TSDB_DEPLOY_API_REPLICAS, which is ${apiReplicas}, got "${apiMaxReplicas}"`,
    );
  // A size that is a fault by itself has no number of connections.
  else if (database.cpus >= 1 && database.memoryMiB >= LEAST_MEMORY_MIB) {
    const { total } = apiConnections(database, apiMaxReplicas);
    if (total < LEAST_CONNECTIONS)
      read.fault(
        `TSDB_DEPLOY_API_MAX_REPLICAS=${apiMaxReplicas} leaves each API pod ${total} connections of a database with TSDB_DEPLOY_DB_MEMORY_MIB=${database.memoryMiB}, and it needs ${LEAST_CONNECTIONS}; take fewer pods or, below 1600 MiB, more memory`,
      );
  }
  return { apiReplicas, apiMaxReplicas };
}

function readBackup(read: Reader): Pick<KubernetesConfig, 'backupSchedule' | 'backupKeep' | 'backupGiB'> {
  const schedule = read.matching(
    'TSDB_DEPLOY_BACKUP_SCHEDULE',
    /^(off|[\d*/,-]+( [\d*/,-]+){2} [\dA-Za-z*/,-]+ [\dA-Za-z*/,-]+)$/,
    'five fields of cron such as "17 2 * * *", or "off"',
  );
  return {
    backupSchedule: schedule === 'off' ? '' : schedule,
    backupKeep: read.wholeNumber('TSDB_DEPLOY_BACKUP_KEEP', 1, 3650),
    backupGiB: read.wholeNumber('TSDB_DEPLOY_BACKUP_GIB', 1, 65_536),
  };
}
