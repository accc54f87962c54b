// What a workload needs: a rate, a time and a table go in, and for each design the servers that carry it, or why none does.
// - `workload`: what is stored; `storage`: bytes of a row; `constants`: what was measured
// - `disk`, `chunks`, `processors`: the needs; `machines`: the sizes of servers; `limits`: where a design ends
import type { EngineName } from '../../db/model';
import { CHUNK_SHARE, chunkBytes, chunkCount, fittingChunk, locksFor, shortestChunk } from './chunks';
import type { Constants } from './constants';
import { type Disk, diskOf, logBytes } from './disk';
import { diskFor, LARGEST, type MachineClass, machineClasses } from './machines';
import { coresFor, type RowWork, rowWork, storingWork } from './processors';
import { type Range, sum, times } from './range';
import type { Workload } from './workload';

/** The designs that are compared: one server with plain PostgreSQL, one with TimescaleDB, or several with Citus. */
export const DESIGNS = ['postgres', 'timescaledb', 'citus'] as const satisfies readonly EngineName[];

/** What one design needs. Bytes and cores are of all servers together, the coordinator of Citus apart. */
export interface Prediction {
  readonly engine: EngineName;
  readonly disk: Disk;
  /** Seconds. */
  readonly chunk: number;
  readonly chunks: number;
  /** Bytes of the newest chunk, and the memory of which it is a quarter. */
  readonly newest: Range;
  readonly memory: Range;
  readonly locks: { readonly locks: number; readonly setting: number };
  /** Microseconds of a row. */
  readonly work: RowWork;
  readonly cores: Range;
  readonly coordinatorCores: Range;
  /** Bytes of write-ahead log in a second. */
  readonly log: Range;
  readonly verdict: Verdict;
}

export type Verdict =
  | {
      readonly kind: 'fits';
      /** Servers that store rows. */
      readonly servers: number;
      readonly each: MachineClass;
      /** Of Citus; it stores no rows. */
      readonly coordinator: MachineClass | null;
      readonly notes: readonly string[];
    }
  | { readonly kind: 'ends'; readonly reasons: readonly Reason[] };

/** What the largest server has too little of. */
export interface Reason {
  readonly what: 'processors' | 'memory' | 'disk';
  readonly needed: number;
  readonly largest: number;
}

const MOST_WORKERS = 256;
/** Hashed values are not spread evenly: the fullest worker has so much more than the mean. */
const UNEVEN = 1.2;
/** Shards of a table, unless citus.shard_count says otherwise. A worker without a shard has nothing to do. */
const SHARDS = 32;
/** Of a coordinator: catalogs, small tables, and what is kept of queries. */
const COORDINATOR_DISK = 0.128e12;

/** Predicts one design. */
export function predict(workload: Workload, engine: EngineName, constants: Constants): Prediction {
  return engine === 'citus' ? predictCitus(workload, constants) : predictOne(workload, engine, constants);
}

function predictOne(workload: Workload, engine: EngineName, constants: Constants): Prediction {
  const found = smallest(workload, engine, constants, 1);
  const needs = needsOf(workload, engine, constants, found?.chunk ?? shortest(workload, 1));
  const verdict: Verdict =
    found === undefined
      ? { kind: 'ends', reasons: lacking(needs, 1) }
      : { kind: 'fits', servers: 1, each: found.machine, coordinator: null, notes: [] };
  return { ...needs, verdict };
}

function predictCitus(workload: Workload, constants: Constants): Prediction {
  for (let workers = leastWorkers(workload, constants); workers <= MOST_WORKERS; workers += 1) {
    const found = smallest(workload, 'citus', constants, UNEVEN / workers);
    if (found === undefined) continue;
    const needs = needsOf(workload, 'citus', constants, found.chunk);
    const likely = needs.coordinatorCores.likely;
    const own = machineClasses.find(({ cores }) => cores >= likely);
    const coordinator = { ...(own ?? LARGEST), disk: COORDINATOR_DISK };
    const notes = [
      ...(own === undefined
        ? [
            `one coordinator cannot route so many rows (it would need ${Math.ceil(likely)} processors); let writers connect to the workers too`,
          ]
        : []),
      ...(workers > SHARDS
        ? [
            `${workers} workers need more shards than the ${SHARDS} that Citus makes; set citus.shard_count before the first apply`,
          ]
        : []),
    ];
    return { ...needs, verdict: { kind: 'fits', servers: workers, each: found.machine, coordinator, notes } };
  }
  const share = UNEVEN / MOST_WORKERS;
  const needs = needsOf(workload, 'citus', constants, shortest(workload, share));
  return { ...needs, verdict: { kind: 'ends', reasons: lacking(needs, share) } };
}

/** With fewer workers, even the shortest chunks need more than the largest machine has. */
function leastWorkers(workload: Workload, constants: Constants): number {
  const { cores, disk } = needsOf(workload, 'citus', constants, shortestChunk(workload));
  const times = Math.max(cores.likely / LARGEST.cores, disk.ordered.likely / LARGEST.disk);
  return Math.max(2, Math.ceil(times * UNEVEN));
}

/** The smallest machine that carries a share of the rows, with the length of chunks that fits into its memory. */
function smallest(
  workload: Workload,
  engine: EngineName,
  constants: Constants,
  share: number,
): { readonly machine: MachineClass; readonly chunk: number } | undefined {
  for (const { cores, memory } of machineClasses) {
    const chunk = fittingChunk(workload, memory, share);
    if (chunk === undefined) continue;
    const needs = needsOf(workload, engine, constants, chunk);
    const disk = diskFor(needs.disk.ordered.likely * share);
    if (needs.cores.likely * share <= cores && disk !== undefined)
      return { machine: { cores, memory, disk }, chunk };
  }
  return undefined;
}

const shortest = (workload: Workload, share: number): number =>
  fittingChunk(workload, LARGEST.memory, share) ?? shortestChunk(workload);

function needsOf(
  workload: Workload,
  engine: EngineName,
  constants: Constants,
  chunk: number,
): Omit<Prediction, 'verdict'> {
  const work = rowWork(workload, engine, constants);
  const newest = chunkBytes(workload, chunk);
  return {
    engine,
    disk: diskOf(workload, engine, chunk, constants),
    chunk,
    chunks: chunkCount(workload, chunk),
    newest,
    memory: times(newest, 1 / CHUNK_SHARE),
    locks: locksFor(workload, chunk),
    work,
    cores: coresFor(storingWork(work), workload.rowsPerSecond),
    coordinatorCores: coresFor(sum(work.route), workload.rowsPerSecond),
    log: times(logBytes(workload, engine, constants), workload.rowsPerSecond),
  };
}

function lacking({ cores, memory, disk }: Omit<Prediction, 'verdict'>, share: number): readonly Reason[] {
  const reasons: readonly Reason[] = [
    { what: 'processors', needed: cores.likely * share, largest: LARGEST.cores },
    { what: 'memory', needed: memory.likely * share, largest: LARGEST.memory },
    { what: 'disk', needed: disk.ordered.likely * share, largest: LARGEST.disk },
  ];
  return reasons.filter(({ needed, largest }) => needed > largest);
}
