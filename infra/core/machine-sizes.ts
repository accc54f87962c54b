// The Azure machine sizes to choose from, with the figures that the database settings are computed from.

/** Cores, and memory in MiB. */
export interface MachineSize {
  readonly cpus: number;
  readonly memoryMiB: number;
}

/** Sizes that show the data disk as a SCSI LUN and support Premium SSD v2. D sizes have 4 GiB per core, E sizes 8. */
export const MACHINE_SIZES: Readonly<Record<string, MachineSize>> = {
  Standard_D2s_v5: { cpus: 2, memoryMiB: 8 * 1024 },
  Standard_D4s_v5: { cpus: 4, memoryMiB: 16 * 1024 },
  Standard_D8s_v5: { cpus: 8, memoryMiB: 32 * 1024 },
  Standard_D16s_v5: { cpus: 16, memoryMiB: 64 * 1024 },
  Standard_E2s_v5: { cpus: 2, memoryMiB: 16 * 1024 },
  Standard_E4s_v5: { cpus: 4, memoryMiB: 32 * 1024 },
  Standard_E8s_v5: { cpus: 8, memoryMiB: 64 * 1024 },
  Standard_E16s_v5: { cpus: 16, memoryMiB: 128 * 1024 },
};

/**
 * What is left for the database: system, Docker and API get an eighth of the memory, at least 1 GiB.
 * @param othersMiB what others get besides them
 */
export function databaseShare(machine: MachineSize, othersMiB = 0): MachineSize {
  const reservedMiB = Math.max(1024, machine.memoryMiB / 8) + othersMiB;
  return { cpus: machine.cpus, memoryMiB: machine.memoryMiB - reservedMiB };
}
