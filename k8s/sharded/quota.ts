// The most that the sharded database uses of its namespace (pure).
import type { DeployConfig } from '../../infra/core/config';
import { OUTPUT_MIB } from '../pod-parts';
import type { NodeKind } from './names';
import { BESIDE, instancesOf, JOBS, nodeSize, SERVER_DISK_MIB } from './nodes';

const KINDS: readonly NodeKind[] = ['coordinator', 'shard'];

/** Services of each cluster that the operator makes, and those of the whole. Not all of them are made in every version. */
const SERVICES = { ofCluster: 5, ofAll: 3 } as const;

/** For the quota of the namespace, in the form of `DatabaseDemands`. */
export function shardedDemands(config: DeployConfig) {
  const instances = instancesOf(config);
  const clusters = config.sharded.shards + 1;
  return {
    pods: [...KINDS.map((kind) => ({ ...nodePod(config, kind), pods: instances[kind] })), ...jobs(clusters)],
    volumes: KINDS.flatMap((kind) =>
      Array.from({ length: instances[kind] }, () => nodeSize(config, kind).diskGiB),
    ),
    services: SERVICES.ofCluster * clusters + SERVICES.ofAll,
  };
}

// A StatefulSet removes its old pod before it creates the new one.
function nodePod(config: DeployConfig, kind: NodeKind) {
  const { cpus, memoryMiB } = nodeSize(config, kind);
  const beside = Object.values(BESIDE);
  const sum = (of: 'milliCpus' | 'memoryMiB') => beside.reduce((total, one) => total + one[of], 0);
  return {
    milliCpus: cpus * 1000 + sum('milliCpus'),
    memoryMiB: memoryMiB + sum('memoryMiB'),
    // The output of one container is counted anyway.
    scratchMiB: SERVER_DISK_MIB - OUTPUT_MIB + beside.length * OUTPUT_MIB,
  };
}

/** A scheduled backup of every cluster and one that somebody starts by hand, or an operation of the database instead. */
function jobs(clusters: number) {
  const [run, result] = [JOBS['dbops.run-dbops'], JOBS['dbops.set-dbops-result']];
  return [
    {
      pods: 2 * (clusters + 1),
      milliCpus: run.milliCpus + result.milliCpus,
      memoryMiB: run.memoryMiB + result.memoryMiB,
      scratchMiB: OUTPUT_MIB,
    },
  ];
}
