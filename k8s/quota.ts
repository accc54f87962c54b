// Adds up the most that a deployment uses of its cluster (pure). k8s/limits.program.test.ts compares it with the stacks.
import type { DeployConfig } from '../infra/core/config';
import { mostKafkaConsumers } from '../infra/core/settings/consumers';
import { TMP_MIB } from './app-pod';
import { BACKUP_MEMORY_MIB } from './backup';
import { CONSUMER } from './consumers/consumer';
import { type Demand, databaseDemands } from './database-quota';
import { OUTPUT_MIB } from './pod-parts';
import { quantityOf } from './quantity';

/** The `hard` limits of a ResourceQuota, by resource. */
export function quotaOf(config: DeployConfig): Readonly<Record<string, string>> {
  const database = databaseDemands(config);
  const demands = [...database.pods, ...demandsOf(config)];
  const sum = (amount: (demand: Demand) => number) =>
    demands.reduce((total, demand) => total + demand.pods * amount(demand), 0);
  const volumes = [...database.volumes, config.kubernetes.backupGiB];
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
    // That of the API, too.
    services: String(database.services + 1 + proofsOf(config)),
    // No service of this deployment is reachable from outside the cluster by itself.
    'services.loadbalancers': '0',
    'services.nodeports': String(proofsOf(config)),
  };
}

function demandsOf(config: DeployConfig): readonly Demand[] {
  const { apiMaxReplicas } = config.kubernetes;
  return [
    // During a rollout there is also one pod that starts and one that ends.
    { pods: apiMaxReplicas + 2, milliCpus: 250, memoryMiB: 256, scratchMiB: TMP_MIB },
    ...consumerDemands(config),
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

/** Pods with which cert-manager proves that we own a name. Each has a service on a port of the nodes. */
function proofsOf({ kubernetes }: DeployConfig): number {
  return kubernetes.ingressIssuer === '' ? 0 : 1;
}
