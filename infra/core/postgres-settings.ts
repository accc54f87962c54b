// Computes PostgreSQL parameters from the memory and cores of the server. Pure, so that a plan shows the values.
import type { MachineSize } from './machine-sizes';

export type PostgresSettings = Readonly<Record<string, string>>;

/** With less memory, TimescaleDB's background workers leave too little for queries. */
const LEAST_MEMORY_MIB = 256;

/**
 * Parameters for a server that has `memoryMiB` and `cpus` to itself, sorted by name. They are passed as
 * `-c name=value`, which ALTER SYSTEM cannot override. timescaledb-tune would not do: it runs only at initdb, so the
 * settings of the first machine would stay for ever.
 * @throws RangeError below 256 MiB or one core
 */
export function postgresSettings({ memoryMiB, cpus }: MachineSize): PostgresSettings {
  if (!(memoryMiB >= LEAST_MEMORY_MIB))
    throw new RangeError(`memoryMiB must be at least ${LEAST_MEMORY_MIB}, got ${memoryMiB}`);
  if (!(cpus >= 1)) throw new RangeError(`cpus must be at least 1, got ${cpus}`);
  const settings = {
    ...memory(memoryMiB),
    ...workers(memoryMiB, cpus),
    ...writeAheadLog(memoryMiB),
    ...FIXED,
  };
  return Object.fromEntries(Object.entries(settings).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** The settings as server arguments. */
export function serverArguments(settings: PostgresSettings): readonly string[] {
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

const FIXED: PostgresSettings = {
  checkpoint_completion_target: '0.9',
  checkpoint_timeout: '15min',
  effective_io_concurrency: '200',
  jit: 'off', // for queries over many small chunks, compiling takes longer than it saves
  listen_addresses: '*', // inside the container; the deployment decides who can reach it
  random_page_cost: '1.1', // solid-state disks
  shared_preload_libraries: 'timescaledb',
  'timescaledb.telemetry_level': 'off',
  wal_compression: 'on',
  wal_level: 'replica', // needed to archive the write-ahead log; changing it later would need a restart
};

function memory(memoryMiB: number): PostgresSettings {
  const connections = maxConnections(memoryMiB);
  const sharedBuffers = Math.floor(memoryMiB / 4);
  const maintenance = Math.min(2048, Math.floor(memoryMiB / 16));
  // A query may use work_mem several times (sorts, hashes, parallel workers), hence the division by three.
  const workKiB = Math.floor(((memoryMiB - sharedBuffers - maintenance) * 1024) / connections / 3);
  return {
    effective_cache_size: `${Math.floor((memoryMiB * 3) / 4)}MB`,
    maintenance_work_mem: `${maintenance}MB`,
    max_connections: String(connections),
    // A statement locks every chunk that it touches, and each of the chunk's indexes.
    max_locks_per_transaction: memoryMiB < 1024 ? '128' : '512',
    shared_buffers: `${sharedBuffers}MB`,
    work_mem: `${workKiB}kB`,
  };
}

function maxConnections(memoryMiB: number): number {
  return clamp(Math.floor(memoryMiB / 16), 20, 100);
}

function workers(memoryMiB: number, cpus: number): PostgresSettings {
  const parallel = Math.ceil(cpus);
  const perQuery = Math.ceil(parallel / 2);
  // TimescaleDB runs one scheduler per database and one worker per running job, each as a process.
  const background = clamp(Math.floor(memoryMiB / 128), 4, 16);
  return {
    max_parallel_maintenance_workers: String(perQuery),
    max_parallel_workers: String(parallel),
    max_parallel_workers_per_gather: String(perQuery),
    // The 3 are TimescaleDB's launcher, the launcher of logical replication, and a spare one.
    max_worker_processes: String(3 + background + parallel),
    'timescaledb.max_background_workers': String(background),
  };
}

function writeAheadLog(memoryMiB: number): PostgresSettings {
  const mostMiB = clamp(Math.floor(memoryMiB / 2), 1024, 4096);
  return {
    max_wal_size: `${mostMiB}MB`,
    min_wal_size: `${mostMiB / 2}MB`,
    wal_buffers: memoryMiB < 1024 ? '4MB' : '16MB',
  };
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}
