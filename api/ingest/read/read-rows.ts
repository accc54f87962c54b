// Checks the rows of a body and sorts them by table. Other requests have their turn in between.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { ProblemError } from '../../http/problems';
import {
  type CheckedRow,
  type IngestTable,
  keepable,
  type RejectedRow,
  type SentRow,
  type TableRows,
} from '../rows';
import { type RowReader, rowReader } from './row-reader';

/** A row with the table that it is for, or with the name of a point that no table takes. */
export interface AddressedRow {
  readonly to: IngestTable | string;
  readonly row: SentRow;
}

/** Rows that are read between two pauses for other requests. */
const ROWS_AT_ONCE = 2_000;
/** Most rows of a body: a row needs far more memory than the two bytes of `1,`. */
const MOST_ROWS = 200_000;
/** Most rejected rows of a body; a body with more of them is refused as a whole. */
const MOST_REJECTED = 10_000;

/** How rows are read. */
export interface ReadOptions {
  /** The time of receipt, in milliseconds. */
  readonly now: number;
  /** Read on however many rows are invalid, because all of them are kept. */
  readonly keepsAll: boolean;
}

/**
 * Reads rows.
 * @returns the rows by table, in the order of the names, so that writers that lock several tables cannot block each other.
 * @throws ProblemError (body-too-large, bad-body) for too many rows, or too many invalid ones.
 */
export async function readRows(
  sent: Iterable<AddressedRow>,
  { now, keepsAll }: ReadOptions,
): Promise<readonly TableRows[]> {
  const parts = new Map<string, Part>();
  let count = 0;
  let rejected = 0;
  let first: RejectedRow | undefined;
  let part: Part | undefined;
  for (const { to, row } of sent) {
    if (part === undefined || part.to !== to) part = partFor(parts, to, now);
    const result = part.read(row);
    if ('row' in result) part.rows.push(result.row);
    else {
      part.rejected.push(result.rejected);
      rejected += 1;
      first ??= result.rejected;
    }
    count += 1;
    if (count > MOST_ROWS)
      throw new ProblemError(
        'body-too-large',
        `A body may have at most ${MOST_ROWS} rows; nothing was stored, send them in several requests`,
      );
    if (rejected > MOST_REJECTED && !keepsAll)
      throw new ProblemError(
        'bad-body',
        `More than ${MOST_REJECTED} rows of this body are invalid, the first one in line ${first?.line}: ${keepable(first?.reason ?? '')}; nothing was stored or kept`,
      );
    if (count % ROWS_AT_ONCE === 0) await nextTurn();
  }
  return [...parts.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

interface Part extends TableRows {
  readonly to: IngestTable | string;
  readonly rows: CheckedRow[];
  readonly rejected: RejectedRow[];
  readonly read: RowReader;
}

function partFor(parts: Map<string, Part>, to: IngestTable | string, now: number): Part {
  const name = typeof to === 'string' ? to : to.name;
  const known = parts.get(name);
  if (known) return known;
  const part = {
    to,
    name,
    table: typeof to === 'string' ? undefined : to,
    rows: [],
    rejected: [],
    read: typeof to === 'string' ? refuse : rowReader(to.hypertable, now),
  };
  parts.set(name, part);
  return part;
}

const refuse: RowReader = ({ line, source, reason }) => ({
  rejected: { line, source, reason: reason ?? 'no table takes it', owner: 0 },
});
