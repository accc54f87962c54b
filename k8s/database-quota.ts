// What the database uses of its namespace, whichever it is (pure).
import type { DatabaseKind, DeployConfig } from '../infra/core/config';
import { SCRATCH_MIB } from './database-pod';
import { POOLER_SCRATCH_MIB, TEMPORARY_MIB } from './ha/sizes';
import { KEEPER } from './keep-password';
import { OUTPUT_MIB } from './pod-parts';
import { shardedDemands } from './sharded/quota';

/** Pods of one kind: how many there are at once, and what each of them requests. */
export interface Demand {
  readonly pods: number;
  readonly milliCpus: number;
  readonly memoryMiB: number;
  /** When left out, the limit is the same as the request. */
  readonly memoryLimitMiB?: number;
  /** Request and limit of the node's disk, in addition to the output of one container: scratch, and output of others. */
  readonly scratchMiB?: number;
}

export interface DatabaseDemands {
  readonly pods: readonly Demand[];
  /** GiB of each of its volumes. */
  readonly volumes: readonly number[];
  readonly services: number;
}

const DEMANDS: Readonly<Record<DatabaseKind, (config: DeployConfig) => DatabaseDemands>> = {
  // One to reach it, and one that names its pod.
  single: (config) => ({ pods: [singlePod(config)], volumes: [config.diskGiB], services: 2 }),
  // Three of the operator, and one of its pooler.
  replicating: (config) => ({
    pods: replicatingPods(config),
    volumes: Array.from({ length: instancesOf(config) }, () => [config.diskGiB, config.ha.walGiB]).flat(),
    services: 4,
  }),
  sharded: shardedDemands,
};

export const databaseDemands = (config: DeployConfig): DatabaseDemands =>
  DEMANDS[config.databaseKind](config);

/** Of the database: `/tmp` and the folder of its socket. */
const SCRATCH_FOLDERS = 2;

// A StatefulSet removes its old pod before it creates the new one.
function singlePod({ kubernetes: { database } }: DeployConfig): Demand {
  return {
    pods: 1,
    milliCpus: database.cpus * 1000 + KEEPER.milliCpus,
    memoryMiB: database.memoryMiB + KEEPER.memoryMiB,
    scratchMiB: SCRATCH_FOLDERS * SCRATCH_MIB + OUTPUT_MIB,
  };
}

function replicatingPods(config: DeployConfig): readonly Demand[] {
  const { database, haBackupUrl } = config.kubernetes;
  // The backup plugin runs beside each instance.
  const beside =
    haBackupUrl === ''
      ? { milliCpus: 0, request: 0, limit: 0, disk: 0 }
      : { milliCpus: 50, request: 256, limit: 512, disk: OUTPUT_MIB };
  return [
    {
      pods: instancesOf(config),
      milliCpus: database.cpus * 1000 + beside.milliCpus,
      memoryMiB: database.memoryMiB + beside.request,
      memoryLimitMiB: database.memoryMiB + beside.limit,
      scratchMiB: TEMPORARY_MIB + beside.disk,
    },
    // Two poolers, and one more while one is replaced. Their init container gets its memory limit from the LimitRange.
    { pods: 3, milliCpus: 100, memoryMiB: 128, memoryLimitMiB: 256, scratchMiB: POOLER_SCRATCH_MIB },
  ];
}

/** Includes the instance that is copied from the others to replace a lost one. */
function instancesOf({ kubernetes }: DeployConfig): number {
  return kubernetes.haInstances + 1;
}
