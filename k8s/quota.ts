// What a deployment asks of its cluster at the most, added up (pure). k8s/limits.program.test.ts holds it against the stacks.
import type { DeployConfig } from '../infra/core/config';
import { BACKUP_MEMORY_MIB } from './backup';

/** Pods of one kind: how many at once, and what each of them asks for. */
interface Demand {
  readonly pods: number;
  readonly milliCpus: number;
  readonly memoryMiB: number;
  /** Request and limit are the same unless it is given. */
  readonly memoryLimitMiB?: number;
}

/** `hard` of a ResourceQuota: quantity by resource. */
export function quotaOf(config: DeployConfig): Readonly<Record<string, string>> {
  const demands = demandsOf(config);
  const sum = (amount: (demand: Demand) => number) =>
    demands.reduce((total, demand) => total + demand.pods * amount(demand), 0);
  const volumes = volumesOf(config);
  return {
    pods: String(sum(() => 1)),
    'requests.cpu': `${sum(({ milliCpus }) => milliCpus)}m`,
    'requests.memory': `${sum(({ memoryMiB }) => memoryMiB)}Mi`,
    'limits.memory': `${sum(({ memoryMiB, memoryLimitMiB }) => memoryLimitMiB ?? memoryMiB)}Mi`,
    persistentvolumeclaims: String(volumes.length),
    'requests.storage': `${volumes.reduce((total, gib) => total + gib, 0)}Gi`,
    services: String((config.kubernetes.ha ? HA_SERVICES : SERVICES) + proofsOf(config)),
    // Nothing opens a way into the cluster by itself.
    'services.loadbalancers': '0',
    'services.nodeports': String(proofsOf(config)),
  };
}

/** Two of the database and one of the API; or those of the operator and of its pooler. */
const SERVICES = 3;
const HA_SERVICES = 5;

function demandsOf(config: DeployConfig): readonly Demand[] {
  const { apiMaxReplicas } = config.kubernetes;
  return [
    ...databaseDemands(config),
    // While a new version rolls out: one pod that starts, and one that is ending.
    { pods: apiMaxReplicas + 2, milliCpus: 250, memoryMiB: 256 },
    // The schema Job and a check.
    { pods: 2, milliCpus: 100, memoryMiB: 256 },
    // A backup, and one that somebody starts by hand.
    { pods: 2, milliCpus: 100, memoryMiB: BACKUP_MEMORY_MIB },
    // What cert-manager gives its pods by itself.
    { pods: proofsOf(config), milliCpus: 10, memoryMiB: 64 },
  ];
}

function databaseDemands({ kubernetes }: DeployConfig): readonly Demand[] {
  const { database, ha, haBackupUrl } = kubernetes;
  const server = { milliCpus: database.cpus * 1000, memoryMiB: database.memoryMiB };
  // A StatefulSet takes its old pod away before it makes the new one.
  if (!ha) return [{ pods: 1, ...server }];
  // The program beside each instance that carries its backups away.
  const beside =
    haBackupUrl === '' ? { milliCpus: 0, request: 0, limit: 0 } : { milliCpus: 50, request: 256, limit: 512 };
  return [
    {
      pods: instancesOf(kubernetes),
      milliCpus: server.milliCpus + beside.milliCpus,
      memoryMiB: server.memoryMiB + beside.request,
      memoryLimitMiB: server.memoryMiB + beside.limit,
    },
    // Two poolers, and one that takes the place of another. Their init container has the limit of the LimitRange.
    { pods: 3, milliCpus: 100, memoryMiB: 128, memoryLimitMiB: 256 },
  ];
}

/** With the one that is being made from a backup of the others, to take the place of a lost one. */
function instancesOf({ haInstances }: DeployConfig['kubernetes']): number {
  return haInstances + 1;
}

/** GiB of each volume: of the database, or data and write-ahead log of each instance; and of the dumps. */
function volumesOf({ kubernetes, diskGiB, ha }: DeployConfig): readonly number[] {
  if (!kubernetes.ha) return [diskGiB, kubernetes.backupGiB];
  const instances = Array.from({ length: instancesOf(kubernetes) }, () => [diskGiB, ha.walGiB]);
  return [...instances.flat(), kubernetes.backupGiB];
}

/** Pods, each with a service on a port of the nodes, with which cert-manager proves that a name is ours. */
function proofsOf({ kubernetes }: DeployConfig): number {
  return kubernetes.ingressIssuer === '' ? 0 : 1;
}
