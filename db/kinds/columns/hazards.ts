// What it means for readers and writers when rows are written again.
import type { Hazard, Impact } from '../../model';
import { describeImpact } from '../../server/table-size';

// Around here a rewrite takes minutes to hours rather than seconds.
const LARGE_BYTES = 10 * 1024 ** 3;

/** A rewrite of a whole table in one statement; none of an empty one. */
export function tableRewrite(object: string, size: Impact): readonly Hazard[] {
  if (size.rows === 0) return [];
  return [
    { name: 'rewrites-data', reason: `writes ${describeImpact(size)} of ${object} again` },
    { name: 'blocks-reads', reason: `nobody reads or writes ${object} until that is done` },
    ...ifLarge(size),
  ];
}

/** A rewrite chunk by chunk, each committed on its own. */
export function chunkRewrite(object: string, size: Impact): readonly Hazard[] {
  return [
    {
      name: 'rewrites-data',
      reason: `converts ${describeImpact(size)} of ${object}, one chunk after the other; each is locked while it is its turn`,
    },
    ...ifLarge(size),
  ];
}

function ifLarge(size: Impact): readonly Hazard[] {
  return size.bytes < LARGE_BYTES
    ? []
    : [{ name: 'long-running', reason: `${describeImpact(size)} take minutes to hours` }];
}
