// Rounds of catching up: copies again what has changed since it was copied.
import { withTransaction } from '../../db/server/connection';
import { noteChunks } from './capture';
import { copyKeys } from './copy-keys';
import { copyRange } from './copy-range';
import type { Moved, Pair, Range } from './model';
import { SLICES } from './model';
import { notePart, pendingParts } from './parts';
import { SCHEMA } from './state';
import { copyAll, type Task, type Workers } from './workers';

/** What one round has done. */
export interface Round {
  readonly ranges: number;
  readonly rows: number;
  readonly keys: number;
  readonly milliseconds: number;
}

/** One round: first what was never copied, then what has changed since. */
export async function copyRound(
  pair: Pair,
  workers: Workers,
  relations: readonly Moved[],
  onProgress: (rows: number) => void = () => undefined,
): Promise<Round> {
  const started = Date.now();
  let rows = 0;
  await noteChunks(pair.source, workers.engines.source, relations);
  await repeatTruncated(pair);
  const count = (more: number): void => {
    rows += more;
    onProgress(rows);
  };
  let ranges = await copyParts(pair, workers, relations, count);
  const tasks = await changedRanges(pair, relations);
  await copyAll(workers, tasks, async (_task, more) => count(more));
  ranges += tasks.length;
  let keys = 0;
  for (const moved of relations) {
    workers.signal?.throwIfAborted();
    if (moved.kind === 'keys') keys += await copyKeys(pair, moved);
  }
  return { ranges, rows, keys, milliseconds: Date.now() - started };
}

// After TRUNCATE every range is copied again. The rows that came later are noted besides.
async function repeatTruncated({ source }: Pair): Promise<void> {
  await withTransaction(source, () =>
    source.query(
      `WITH noted AS (DELETE FROM ${SCHEMA}.change WHERE kind = 'all' RETURNING relation)
       UPDATE ${SCHEMA}.part SET copied_at = NULL WHERE relation IN (SELECT relation FROM noted)`,
    ),
  );
}

async function copyParts(
  pair: Pair,
  workers: Workers,
  relations: readonly Moved[],
  count: (rows: number) => void,
): Promise<number> {
  // Plain tables first and one after the other: rows of one may point at rows of another.
  let copied = 0;
  for (;;) {
    const [part] = await pendingParts(pair.source, relations);
    if (part === undefined || part.moved.kind !== 'keys') break;
    const { rows } = await copyRange(pair, part.moved, part, false);
    await notePart(pair.source, part, rows);
    // Deleting its rows has deleted those that point at them.
    if (part.moved.isReferenced)
      await pair.source.query(`UPDATE ${SCHEMA}.part SET copied_at = NULL WHERE relation = $1`, [
        part.moved.number + 1,
      ]);
    count(rows);
    copied += 1;
  }
  const parts = await pendingParts(pair.source, relations);
  await copyAll(
    workers,
    parts.map((part) => ({ ...part, compareFirst: false })),
    async (part, rows, { source }) => {
      await notePart(source, part, rows);
      count(rows);
    },
  );
  return copied + parts.length;
}

interface Changed extends Range {
  readonly relation: number;
  readonly compareFirst: boolean;
}

async function changedRanges({ source }: Pair, relations: readonly Moved[]): Promise<readonly Task[]> {
  const { rows } = await source.query<Changed>(
    `SELECT relation, from_time::text AS "from", to_time::text AS "to", bool_and(kind = 'chunk') AS "compareFirst"
       FROM ${SCHEMA}.change WHERE kind <> 'all' AND row_key IS NULL GROUP BY relation, from_time, to_time
       ORDER BY relation, from_time, to_time`,
  );
  const found: Task[] = [];
  for (const moved of relations)
    for (const range of joinChanged(rows.filter(({ relation }) => relation === moved.number)))
      found.push({ moved, ...range });
  return found;
}

/**
 * Joins changed ranges that touch: workers never copy the same rows at the same time. Slices are joined up to the length of a chunk;
 * what overlaps is always joined.
 * @param changed sorted by start.
 */
export function joinChanged(
  changed: readonly (Range & { readonly compareFirst: boolean })[],
): readonly (Range & { readonly compareFirst: boolean })[] {
  const joined: { from: string; to: string; compareFirst: boolean; slices: number }[] = [];
  for (const { from, to, compareFirst } of changed) {
    const last = joined.at(-1);
    const order = last === undefined ? -1 : compareTimes(from, last.to);
    // Rows at an infinity are a range of no length.
    const areRanges = last !== undefined && last.from !== last.to && from !== to;
    const touches =
      order === 0 && last !== undefined && last.slices < SLICES && last.compareFirst === compareFirst;
    if (areRanges && (order < 0 || touches)) {
      if (compareTimes(to, last.to) > 0) last.to = to;
      last.compareFirst &&= compareFirst;
      last.slices += 1;
    } else joined.push({ from, to, compareFirst, slices: 1 });
  }
  return joined.map(({ from, to, compareFirst }) => ({ from, to, compareFirst }));
}

/** Compares times as the server prints them in UTC. */
export function compareTimes(a: string, b: string): number {
  const [x, y] = [positionOf(a), positionOf(b)];
  return x < y ? -1 : x > y ? 1 : a < b ? -1 : a > b ? 1 : 0;
}

function positionOf(text: string): number {
  if (text === 'infinity') return Number.POSITIVE_INFINITY;
  if (text === '-infinity') return Number.NEGATIVE_INFINITY;
  const match = /^(\d+)-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(\.\d+)?\+00( BC)?$/.exec(text);
  if (!match) throw new Error(`not a time as the server prints it in UTC: ${text}`);
  const [, year, month, day, hour, minute, second, fraction, before] = match;
  const days = new Date(0);
  days.setUTCFullYear(before ? 1 - Number(year) : Number(year), Number(month) - 1, Number(day));
  return (
    days.getTime() * 1_000 +
    (Number(hour) * 3_600 + Number(minute) * 60 + Number(second)) * 1_000_000 +
    Math.round(Number(fraction ?? 0) * 1_000_000)
  );
}
