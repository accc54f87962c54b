// Where the rows before an instant are looked for: without a lower bound, the server would plan and lock every chunk of the table.
import type { Hypertable } from '../../../db/language/hypertable';
import { approximateMicroseconds, parseDuration } from '../../../db/language/interval';
import { EARLIEST } from '../../http/time';
import type { Range } from '../request/ranges';

const FEW = 2n;
const MANY = 32n;
/** Chunks that are looked through at first, and then. */
const CHUNKS = [FEW, MANY] as const;

/**
 * Looks for something in the last chunks before an instant, then in more of them, then in all.
 * @param look returns what it found at or after `since`; undefined means that it may be earlier.
 * @returns what was found; undefined when `look` found nothing anywhere.
 */
export async function lookBack<T>(
  table: Pick<Hypertable, 'chunkInterval'>,
  instant: bigint,
  look: (since: bigint | undefined) => Promise<T | undefined>,
): Promise<T | undefined> {
  for (const since of startsBefore(table, instant)) {
    const found = await look(since);
    if (found !== undefined) return found;
  }
  return look(undefined);
}

function startsBefore(table: Pick<Hypertable, 'chunkInterval'>, instant: bigint): readonly bigint[] {
  return CHUNKS.map((count) => instant - count * chunkLength(table)).filter((since) => since >= EARLIEST);
}

const chunkLength = ({ chunkInterval }: Pick<Hypertable, 'chunkInterval'>): bigint =>
  BigInt(Math.ceil(approximateMicroseconds(parseDuration(chunkInterval))));

/** Whether a range touches so many chunks that the others hardly matter. */
export const isLong = (table: Pick<Hypertable, 'chunkInterval'>, { from, to }: Range): boolean =>
  to - from > MANY * chunkLength(table);
