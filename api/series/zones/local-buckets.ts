// Where buckets begin on the clocks of a zone that change within the range.
import type { Interval } from '../../../db/language/interval';
import { floorDivide } from '../../http/time';
import { bucketStart, fixedLength, isShorterThanDay, nextBucket } from '../calendar';
import type { Span } from './zones';

/** The spans of a zone, from well before a range to well after it. */
export type Spans = readonly [Span, ...Span[]];

/**
 * The starts of the buckets that hold a part of the range, and the end of the last one.
 *
 * A bucket of days, weeks, months or years begins at the first instant of its first local day: 00:00, or later where midnight is
 * skipped, or the first of two midnights. A day that a zone skips has no bucket.
 *
 * A shorter bucket begins when the local clock shows a multiple of the width, counted from midnight of 2000-01-03 as in UTC, and
 * where the clock jumps over one. A change by whole buckets alters nothing, so an hour stays an hour.
 */
export function localStarts(width: Interval, spans: Spans, from: bigint, to: bigint): readonly bigint[] {
  return isShorterThanDay(width)
    ? clockStarts(fixedLength(width), width, spans, { from, to })
    : dateStarts(width, spans, { from, to });
}

/** The first instant at which the local clock shows the wall time or a later one. */
export function firstInstant(wall: bigint, spans: Spans): bigint {
  return instants(spans)(wall);
}

/** What the local clock shows, as if it were UTC; never less than what it has shown before. */
export function wallTime(at: bigint, spans: Spans): bigint {
  let furthest: bigint | undefined;
  let shown = at + spans[0].offset;
  for (const [index, { from, offset }] of spans.entries()) {
    if (from > at) break;
    const last = from + (spans[index - 1]?.offset ?? offset) - 1n;
    if (index > 0 && (furthest === undefined || last > furthest)) furthest = last;
    shown = at + offset;
  }
  return furthest === undefined || shown > furthest ? shown : furthest;
}

interface Ends {
  readonly from: bigint;
  readonly to: bigint;
}

function dateStarts(width: Interval, spans: Spans, { from, to }: Ends): readonly bigint[] {
  const instantOf = instants(spans);
  const starts: bigint[] = [];
  for (let wall = bucketStart(width, wallTime(from, spans)); ; wall = nextBucket(width, wall)) {
    const start = instantOf(wall);
    if (start !== starts.at(-1)) starts.push(start);
    if (start >= to) return starts;
  }
}

/** Finds first instants; wall times must be asked in order. */
function instants(spans: Spans): (wall: bigint) => bigint {
  let index = 0;
  return (wall) => {
    const { from, offset } = spans[index] as Span;
    let [begin, ahead] = [from, offset];
    for (
      let next = spans[index + 1];
      next !== undefined && next.from + ahead <= wall;
      next = spans[index + 1]
    ) {
      index += 1;
      [begin, ahead] = [next.from, next.offset];
    }
    const instant = wall - ahead;
    return instant > begin ? instant : begin;
  };
}

function clockStarts(length: bigint, width: Interval, spans: Spans, { from, to }: Ends): readonly bigint[] {
  const starts: bigint[] = [];
  const add = (start: bigint): void => {
    // Only the last start before the range is of interest.
    if (start <= from) starts.length = 0;
    starts.push(start);
  };
  // The first multiple of the width that is not before the wall time.
  const multiple = (wall: bigint): bigint => {
    const start = bucketStart(width, wall);
    return start === wall ? wall : start + length;
  };
  for (const [index, span] of spans.entries()) {
    const before = spans[index - 1]?.offset ?? span.offset;
    let start = multiple(span.from + span.offset) - span.offset;
    const isWhole = (span.offset - before) % length === 0n;
    const jumpsOver = span.offset > before && multiple(span.from + before) <= span.from + span.offset;
    if (!isWhole && jumpsOver && start !== span.from) {
      add(span.from);
      if (span.from >= to) return starts;
    }
    const end = spans[index + 1]?.from;
    // Far from the range the starts need not be listed.
    if (start < from - length) start += floorDivide(from - length - start, length) * length;
    for (; end === undefined || start < end; start += length) {
      add(start);
      if (start >= to) return starts;
    }
  }
  return starts;
}
