// Proves that two answers are the same before anybody times them: a benchmark of different answers is worth nothing.
import { DatabaseError } from '../../../db/core/errors';
import { counted } from '../../../db/core/quantities';

/** A row as the driver gives it. */
export type AnswerRow = Readonly<Record<string, unknown>>;

/** Sums that are computed in another order differ in the last digits. */
const TOLERANCE = 1e-9;

/**
 * Compares answers row by row, whatever their order; rows belong together by `keys`.
 * @returns the largest relative difference of a number.
 * @throws DatabaseError that names the first row that differs, or when both are empty.
 */
export function requireSame(
  title: string,
  raw: readonly AnswerRow[],
  stored: readonly AnswerRow[],
  keys: readonly string[],
): number {
  if (raw.length !== stored.length || raw.length === 0)
    throw new DatabaseError(
      `${title}: ${counted(raw.length, 'row')} from the raw rows, ${stored.length} from the aggregate; there is nothing to compare`,
    );
  const [left, right] = [inOrder(raw, keys), inOrder(stored, keys)];
  let largest = 0;
  for (const [at, row] of left.entries()) {
    const other = right[at] as AnswerRow;
    for (const column of Object.keys(row)) {
      const difference = differenceOf(row[column], other[column]);
      if (!(difference <= TOLERANCE))
        throw new DatabaseError(
          `${title}: ${column} of ${keyOf(row, keys)} is ${shown(row[column])} from the raw rows and ${shown(other[column])} from the aggregate; the aggregate is not up to date, or wrong`,
        );
      largest = Math.max(largest, difference);
    }
  }
  return largest;
}

function differenceOf(left: unknown, right: unknown): number {
  if (shown(left) === shown(right)) return 0;
  // The driver gives 64-bit integers as text.
  const [a, b] = [Number(left ?? Number.NaN), Number(right ?? Number.NaN)];
  if (left instanceof Date || right instanceof Date) return Number.POSITIVE_INFINITY;
  return Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}

function inOrder(rows: readonly AnswerRow[], keys: readonly string[]): readonly AnswerRow[] {
  return rows
    .map((row) => [keyOf(row, keys), row] as const)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([, row]) => row);
}

const keyOf = (row: AnswerRow, keys: readonly string[]): string =>
  keys.map((key) => shown(row[key])).join(' ');

const shown = (value: unknown): string => (value instanceof Date ? value.toISOString() : String(value));
