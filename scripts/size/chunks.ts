// How long a chunk should be: the newest chunk with its indexes fits into a quarter of the memory, and there are not too many chunks.
import { counted } from '../../db/core/quantities';
import { type Range, sum, times } from './range';
import type { Workload } from './workload';

const MINUTE = 60;
const HOUR = 3_600;
const DAY = 86_400;

const LONGEST = 30 * DAY;
/** Lengths that people choose, longest first. */
const LENGTHS = [
  LONGEST,
  14 * DAY,
  7 * DAY,
  2 * DAY,
  DAY,
  12 * HOUR,
  6 * HOUR,
  3 * HOUR,
  2 * HOUR,
  HOUR,
  30 * MINUTE,
  10 * MINUTE,
];

/** Share of the memory for the chunk that is written to, which is the rule of TimescaleDB's documentation. */
export const CHUNK_SHARE = 0.25;
/** A plan of a table with so many chunks takes less than a second; every chunk more makes planning slower. */
const MOST_CHUNKS = 10_000;
/** The sessions of a server share its table of locks. */
const SESSIONS = 100;

/** Bytes of a chunk at its end, as rows, with its indexes. */
export const chunkBytes = ({ table, rowsPerSecond }: Workload, chunk: number): Range =>
  times(sum(table.heap, table.indexes), rowsPerSecond * chunk);

/** Chunks of a table that is as old as it gets, with the two that are made ahead. */
export const chunkCount = ({ keep }: Workload, chunk: number): number => Math.ceil(keep / chunk) + 2;

/** The declared length if it fits, else the longest that fits; undefined when none does. `share` is the part of the rows on one server. */
export function fittingChunk(workload: Workload, memory: number, share: number): number | undefined {
  const fits = (chunk: number): boolean =>
    chunkBytes(workload, chunk).likely * share <= memory * CHUNK_SHARE && areFew(workload, chunk);
  return [workload.table.chunk, ...LENGTHS].find(fits);
}

/** The shortest length that does not give too many chunks. */
export const shortestChunk = (workload: Workload): number =>
  [...LENGTHS].reverse().find((chunk) => areFew(workload, chunk)) ?? LONGEST;

/** Longer chunks than the longest are no help to anybody, however many there are. */
const areFew = (workload: Workload, chunk: number): boolean =>
  chunk >= LONGEST || chunkCount(workload, chunk) <= MOST_CHUNKS;

/** What a statement over all of the time locks: every chunk, and each of its indexes; a converted chunk has a second table. */
export function locksFor(
  workload: Workload,
  chunk: number,
): { readonly locks: number; readonly setting: number } {
  const perChunk = 1 + workload.table.indexCount + (workload.table.convertAfter === null ? 0 : 2);
  const locks = chunkCount(workload, chunk) * perChunk;
  // The least value that this platform sets is 512.
  return { locks, setting: Math.max(512, Math.ceil((locks * 1.25) / SESSIONS)) };
}

const UNITS = [
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute'],
] as const;

/** `6 hours`. */
export function describeLength(seconds: number): string {
  const [length, unit] = UNITS.find(([each]) => seconds % each === 0) ?? [1, 'second'];
  return counted(seconds / length, unit);
}
