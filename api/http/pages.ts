// Answers in pages: a cursor says where a page ended, so that the next page starts there whatever was written in between.
import { Type } from '@fastify/type-provider-typebox';
import { decodeCursor, encodeCursor } from './cursor';
import type { Rows } from './packed-rows';
import { ProblemError } from './problems';
import { canonicalTime } from './time';

/** The end of a page. Several rows may have the same time, so their number is kept as well. */
export interface Position {
  /** Time of the last row, RFC 3339 with microseconds. */
  readonly time: string;
  /** How many rows of exactly that time were sent. */
  readonly skip: number;
}

/** Query parameters of answers that come in pages. */
export const pageQuery = (maxRows: number) => ({
  limit: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: maxRows,
      description: `Rows of a page; \`next\` and the header \`Link\` then lead to the next one. Without it: all rows, if they are not more than ${maxRows}`,
    }),
  ),
  cursor: Type.Optional(
    Type.String({ maxLength: 1_000, description: 'Where the page starts: `next` of the one before' }),
  ),
});

/** The page that a request asks for; without `limit` it holds all rows. */
export interface RequestedPage {
  /** Where the page starts; undefined = at the start of the range. */
  readonly after: Position | undefined;
  /** How many rows to read: one more than the page may have, which tells whether another page follows. */
  readonly limit: number;
  /**
   * The page, cut out of rows that were read with this limit, and the cursor of the next one.
   * @param timeOf the time of a row, as it was read.
   * @param wayOut how to ask for fewer rows.
   * @throws ProblemError (too-many-rows) when the request has no `limit` and there are more than `maxRows` rows.
   */
  cut<Row>(rows: Rows<Row>, timeOf: (row: Row) => string, wayOut: string): Page<Row>;
}

/** Rows of a page, and the cursor of the next page; null on the last one. */
export interface Page<Row> {
  readonly data: Rows<Row>;
  readonly next: string | null;
}

/**
 * Reads the parameters of a page.
 * @param question what is asked, see `questionOf`: a cursor serves no other question.
 * @throws ProblemError (bad-cursor).
 */
export function requestedPage(
  question: string,
  { limit, cursor }: { readonly limit?: number; readonly cursor?: string },
  maxRows: number,
): RequestedPage {
  const after = cursor === undefined ? undefined : readPosition(question, cursor);
  const most = limit ?? maxRows;
  return {
    after,
    limit: most + 1,
    cut: (rows, timeOf, wayOut) => {
      if (limit === undefined) checkSize(rows.length, maxRows, wayOut);
      if (rows.length <= most) return { data: rows, next: null };
      const data = rows.slice(0, most);
      return { data, next: writePosition(question, endOfPage(lastTimes(data, timeOf), after)) };
    },
  };
}

/**
 * Checks that an answer that was read with one row more than allowed is complete.
 * @param wayOut how to ask for fewer rows.
 * @throws ProblemError (too-many-rows).
 */
export function checkSize(count: number, maxRows: number, wayOut: string): void {
  if (count > maxRows)
    throw new ProblemError(
      'too-many-rows',
      `These are more than the ${maxRows} rows that this server sends at once; ask for ${wayOut}`,
    );
}

/** What a page's cursor belongs to: the address with all parameters that decide about the rows. */
export function questionOf(url: string): string {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  for (const name of ['cursor', 'limit', 'format', 'escape']) searchParams.delete(name);
  searchParams.sort();
  return `${pathname}?${searchParams}`;
}

/** The cursor of a position in the answer to the question. */
export const writePosition = (question: string, { time, skip }: Position): string =>
  encodeCursor(question, (of) => ({ time, skip, of }));

/**
 * The position that a cursor stands for.
 * @throws ProblemError (bad-cursor) when it is damaged or belongs to another question.
 */
export function readPosition(question: string, cursor: string): Position {
  return decodeCursor(question, cursor, ({ time, skip, of }: Partial<Position & { of: unknown }>) => {
    // Only the canonical form, so that equal times are equal texts.
    if (typeof time !== 'string' || canonicalTime(time) !== time) return undefined;
    if (!Number.isSafeInteger(skip) || (skip as number) < 0 || (skip as number) > MOST_SKIPPED)
      return undefined;
    return { position: { time, skip: skip as number }, of };
  });
}

const MOST_SKIPPED = 10_000_000;

/** The times of the last rows, back to one with another time than the last. */
function lastTimes<Row>(rows: Rows<Row>, timeOf: (row: Row) => string): readonly string[] {
  for (let count = 16; ; count *= 4) {
    const times = [...rows.slice(Math.max(0, rows.length - count), rows.length)].map(timeOf);
    if (count >= rows.length || times[0] !== times.at(-1)) return times;
  }
}

/**
 * Where a page of rows ended, given the position that it started from.
 * @param times times of its rows, in their order; at least of the last ones, back to one with another time than the last.
 */
export function endOfPage(times: readonly string[], start?: Position): Position {
  const time = times.at(-1) ?? '';
  const first = times.indexOf(time);
  const same = times.length - first;
  return { time, skip: first === 0 && start?.time === time ? start.skip + same : same };
}
