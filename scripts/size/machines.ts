// The sizes in which servers are sold, by processors, memory and disk. They are classes of cost: no provider and no price.

/** A size; `memory` and `disk` are in bytes. */
export interface MachineClass {
  readonly cores: number;
  readonly memory: number;
  readonly disk: number;
}

const GB = 1e9;
const TB = 1e12;

/** General-purpose servers have 4 GB of memory for each processor. */
const MEMORY_PER_CORE = 4 * GB;
const CORES = [2, 4, 8, 16, 32, 64, 96] as const;
/** One volume is rarely larger than 32 TB. */
const DISKS = [0.128, 0.256, 0.512, 1, 2, 4, 8, 16, 32].map((size) => size * TB);

export const LARGEST: MachineClass = { cores: 96, memory: 96 * MEMORY_PER_CORE, disk: 32 * TB };

/** All sizes of processors and memory with the largest disk, smallest first. */
export const machineClasses: readonly MachineClass[] = CORES.map((cores) => ({
  cores,
  memory: cores * MEMORY_PER_CORE,
  disk: LARGEST.disk,
}));

/** The smallest disk that holds so many bytes; undefined when none does. */
export const diskFor = (bytes: number): number | undefined => DISKS.find((disk) => disk >= bytes);

/** `8 vCPU, 32 GB memory, 2 TB disk`. */
export const describeMachine = ({ cores, memory, disk }: MachineClass): string =>
  `${cores} vCPU, ${memory / GB} GB memory, ${disk >= TB ? `${disk / TB} TB` : `${Math.round(disk / GB)} GB`} disk`;
