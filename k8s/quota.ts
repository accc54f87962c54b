// Adds up the most that a deployment uses of its cluster (pure). k8s/limits.program.test.ts compares it with the stacks.
import type { DeployConfig } from '../infra/core/config';
import { POOLER_MIB, POOLER_PODS } from '../infra/core/pooler-sizes';
import { mostKafkaConsumers } from '../infra/core/settings/consumers';
import { TMP_MIB } from './app-pod';
import { BACKUP_MEMORY_MIB } from './backup';
import { CONSUMER } from './consumers/consumer';
import { SCRATCH_MIB } from './database-pod';
import { POOLER_SCRATCH_MIB, TEMPORARY_MIB } from './ha/sizes';
import { KEEPER } from './keep-password';
import { OUTPUT_MIB } from './pod-parts';
import { POOLER_MILLI_CPUS } from './pooler';
import { quantityOf } from './quantity';

/** Pods of one kind: how many there are at once, and what each of them requests. */
interface Demand {
  readonly pods: number;
  readonly milliCpus: number;
  readonly memoryMiB: number;
  /** When left out, the limit is the same as the request. */
  readonly memoryLimitMiB?: number;
  /** Request and limit of the node's disk, in addition to the output of one container: scratch, and output of others. */
  readonly scratchMiB?: number;
}

/** The `hard` limits of a ResourceQuota, by resource. */
export function quotaOf(config: DeployConfig): Readonly<Record<string, string>> {
  const demands = demandsOf(config);
  const sum = (amount: (demand: Demand) => number) =>
    demands.reduce((total, demand) => total + demand.pods * amount(demand), 0);
  const volumes = volumesOf(config);
  const milliCpus = sum((demand) => demand.milliCpus);
  const disk = quantityOf(sum(({ scratchMiB = 0 }) => OUTPUT_MIB + scratchMiB));
  return {
    pods: String(sum(() => 1)),
    'requests.cpu': milliCpus % 1000 === 0 ? String(milliCpus / 1000) : `${milliCpus}m`,
    'requests.memory': quantityOf(sum(({ memoryMiB }) => memoryMiB)),
    'limits.memory': quantityOf(sum(({ memoryMiB, memoryLimitMiB }) => memoryLimitMiB ?? memoryMiB)),
    'requests.ephemeral-storage': disk,
    'limits.ephemeral-storage': disk,
    persistentvolumeclaims: String(volumes.length),
    'requests.storage': quantityOf(volumes.reduce((total, gib) => total + gib, 0) * 1024),
    services: String(servicesOf(config) + proofsOf(config)),
    // No service of this deployment is reachable from outside the cluster by itself.
    'services.loadbalancers': '0',
    'services.nodeports': String(proofsOf(config)),
  };
}

/** Two of the database and one of the API. With a replicating database: those of the operator, its pooler and the API. */
const SERVICES = 3;
const HA_SERVICES = 5;

function servicesOf({ kubernetes, pooler }: DeployConfig): number {
  if (kubernetes.ha) return HA_SERVICES;
  return pooler.enabled ? SERVICES + 1 : SERVICES;
}

/** Of the database: `/tmp` and the folder of its socket. */
const SCRATCH_FOLDERS = 2;

function demandsOf(config: DeployConfig): readonly Demand[] {
  const { apiMaxReplicas } = config.kubernetes;
  return [
    ...databaseDemands(config),
    // During a rollout there is also one pod that starts and one that ends.
    { pods: apiMaxReplicas + 2, milliCpus: 250, memoryMiB: 256, scratchMiB: TMP_MIB },
    ...consumerDemands(config),
    ...poolerDemands(config),
    // The schema Job and the health check.
    { pods: 2, milliCpus: 100, memoryMiB: 256, scratchMiB: TMP_MIB },
    // A scheduled backup, and one that somebody starts by hand.
    { pods: 2, milliCpus: 100, memoryMiB: BACKUP_MEMORY_MIB, scratchMiB: TMP_MIB },
    // The defaults of cert-manager for its own pods.
    { pods: proofsOf(config), milliCpus: 10, memoryMiB: 64 },
  ];
}

function consumerDemands({ streams, consumers }: DeployConfig): readonly Demand[] {
  const one = { ...CONSUMER, scratchMiB: TMP_MIB };
  return [
    // As for the API.
    ...(streams.kafkaBrokers.length === 0 ? [] : [{ ...one, pods: mostKafkaConsumers(consumers) + 2 }]),
    // Each of them ends before the next one begins.
    ...(streams.mqttUrl === '' ? [] : [{ ...one, pods: consumers.mqttReplicas }]),
  ];
}

/** All of them are replaced before the old ones have ended. The operator's are among its pods. */
function poolerDemands({ kubernetes, pooler }: DeployConfig): readonly Demand[] {
  if (kubernetes.ha || !pooler.enabled) return [];
  return [{ pods: 2 * POOLER_PODS, milliCpus: POOLER_MILLI_CPUS, memoryMiB: POOLER_MIB }];
}

function databaseDemands({ kubernetes }: DeployConfig): readonly Demand[] {
  const { database, ha, haBackupUrl } = kubernetes;
  const server = { milliCpus: database.cpus * 1000, memoryMiB: database.memoryMiB };
  // A StatefulSet removes its old pod before it creates the new one.
  if (!ha)
    return [
      {
        pods: 1,
        milliCpus: server.milliCpus + KEEPER.milliCpus,
        memoryMiB: server.memoryMiB + KEEPER.memoryMiB,
        scratchMiB: SCRATCH_FOLDERS * SCRATCH_MIB + OUTPUT_MIB,
      },
    ];
  // The backup plugin runs beside each instance.
  const beside =
    haBackupUrl === ''
      ? { milliCpus: 0, request: 0, limit: 0, disk: 0 }
      : { milliCpus: 50, request: 256, limit: 512, disk: OUTPUT_MIB };
  return [
    {
      pods: instancesOf(kubernetes),
      milliCpus: server.milliCpus + beside.milliCpus,
      memoryMiB: server.memoryMiB + beside.request,
      memoryLimitMiB: server.memoryMiB + beside.limit,
      scratchMiB: TEMPORARY_MIB + beside.disk,
    },
    // Two poolers, and one more while one is replaced. Their init container gets its memory limit from the LimitRange.
    { pods: 3, milliCpus: 100, memoryMiB: 128, memoryLimitMiB: 256, scratchMiB: POOLER_SCRATCH_MIB },
  ];
}

/** Includes the instance that is copied from the others to replace a lost one. */
function instancesOf({ haInstances }: DeployConfig['kubernetes']): number {
  return haInstances + 1;
}

/** GiB of each volume: of the database, or of data and write-ahead log of each instance, and of the dumps. */
function volumesOf({ kubernetes, diskGiB, ha }: DeployConfig): readonly number[] {
  if (!kubernetes.ha) return [diskGiB, kubernetes.backupGiB];
  const instances = Array.from({ length: instancesOf(kubernetes) }, () => [diskGiB, ha.walGiB]);
  return [...instances.flat(), kubernetes.backupGiB];
}

/** Pods with which cert-manager proves that we own a name. Each has a service on a port of the nodes. */
function proofsOf({ kubernetes }: DeployConfig): number {
  return kubernetes.ingressIssuer === '' ? 0 : 1;
}
