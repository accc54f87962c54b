// How large coordinator and shards are: processor, memory and volume of each instance, and what the containers beside it take.
import type { DeployConfig } from '../../infra/core/config';
import type { MachineSize } from '../../infra/core/machine-sizes';
import { OUTPUT_MIB } from '../pod-parts';
import type { NodeKind } from './names';

export interface NodeSize extends MachineSize {
  readonly diskGiB: number;
}

export function nodeSize({ kubernetes, diskGiB, sharded }: DeployConfig, kind: NodeKind): NodeSize {
  return kind === 'coordinator'
    ? { ...kubernetes.database, diskGiB }
    : { cpus: sharded.cpus, memoryMiB: sharded.memoryMiB, diskGiB: sharded.diskGiB };
}

/** How many instances there are of each kind. */
export const instancesOf = ({ sharded }: DeployConfig): Readonly<Record<NodeKind, number>> => ({
  coordinator: sharded.instances,
  shard: sharded.shards * sharded.instances,
});

/** What the server may write on the disk of its node: its output, the socket, and log that is being restored. */
export const SERVER_DISK_MIB = OUTPUT_MIB + 1024;

/** The containers that the operator runs beside each server, by the names that it gives them. */
export const BESIDE = {
  'cluster-controller': { milliCpus: 250, memoryMiB: 512 },
  'postgres-util': { milliCpus: 100, memoryMiB: 64 },
} as const;

/** The containers of the operator's Jobs: backups, restarts, moves of shards. */
export const JOBS = {
  'backup.create-backup': { milliCpus: 250, memoryMiB: 256 },
  'dbops.run-dbops': { milliCpus: 250, memoryMiB: 256 },
  'dbops.set-dbops-result': { milliCpus: 250, memoryMiB: 256 },
} as const;
