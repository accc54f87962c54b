// The most that Kafka uses of the cluster, for the quota of its namespace (pure).
import type { DeployConfig } from '../../infra/core/config';
import { OUTPUT_MIB } from '../pod-parts';
import { quantityOf } from '../quantity';
import { ENTITY_OPERATOR } from './cluster';

/** The `hard` limits. A broker is removed before it is made anew; the pod of the entity operator is replaced by a second one. */
export function kafkaQuota({ kafka }: DeployConfig): Readonly<Record<string, string>> {
  const { nodes, cpus, memoryMiB, diskGiB } = kafka;
  const entityContainers = 2 * 2;
  const memory = quantityOf(nodes * memoryMiB + entityContainers * ENTITY_OPERATOR.memoryMiB);
  const disk = quantityOf((nodes + entityContainers) * OUTPUT_MIB);
  return {
    pods: String(nodes + 2),
    'requests.cpu': `${nodes * cpus * 1000 + entityContainers * ENTITY_OPERATOR.milliCpus}m`,
    'requests.memory': memory,
    'limits.memory': memory,
    'requests.ephemeral-storage': disk,
    'limits.ephemeral-storage': disk,
    persistentvolumeclaims: String(nodes),
    'requests.storage': quantityOf(nodes * diskGiB * 1024),
    // The bootstrap service, and the one that names the brokers.
    services: '2',
    'services.loadbalancers': '0',
    'services.nodeports': '0',
  };
}
