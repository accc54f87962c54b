// The buckets of an answer: the requested range in whole buckets, in UTC or on the clocks of a zone.
import { approximateMicroseconds, formatInterval, type Interval } from '../../db/language/interval';
import { ProblemError } from '../http/problems';
import {
  bucketCount,
  bucketEnd,
  bucketStart,
  fixedLength,
  isShorterThanDay,
  isWholeMultiple,
  nextBucket,
} from './calendar';
import { type Range, within } from './request/ranges';
import { localStarts } from './zones/local-buckets';
import type { Span, Zone } from './zones/zones';

/** Buckets without gaps from the start of a range to its end. */
export interface Buckets {
  readonly width: Interval;
  /** The range that they cover. */
  readonly range: Range;
  /**
   * `even`: what `time_bucket` gives for times that are moved by `shift` microseconds, moved back.
   * `listed`: their starts, and the end of the last one.
   */
  readonly layout:
    | { readonly kind: 'even'; readonly shift: bigint }
    | { readonly kind: 'listed'; readonly starts: readonly bigint[] };
}

/** Most buckets whose starts are listed. */
const MOST_LISTED = 100_000;
const DAY = 86_400_000_000n;

/**
 * The buckets of a width that hold a part of the range.
 * @throws ProblemError (bad-bucket) when the clocks of the zone change among too many buckets.
 */
export function bucketsOver(width: Interval, asked: Range, zone?: Zone): Buckets {
  if (zone === undefined) return even(width, asked, 0n);
  const reach = BigInt(Math.ceil(approximateMicroseconds(width) * 1.1)) + 2n * DAY;
  const spans = zone.spans(asked.from - reach, asked.to + reach);
  const shift = evenShift(width, spans);
  if (shift !== undefined) return even(width, asked, shift);
  if (roughCount(width, asked) > MOST_LISTED)
    throw new ProblemError(
      'bad-bucket',
      `The clocks of ${zone.name} change within the range, so at most ${MOST_LISTED} buckets of ${formatInterval(width)} can be made; choose a shorter range, a wider bucket, or leave out tz`,
    );
  const starts = localStarts(width, spans, asked.from, asked.to);
  return {
    width,
    range: within({ from: starts[0] ?? asked.from, to: starts.at(-1) ?? asked.to }),
    layout: { kind: 'listed', starts },
  };
}

/** The range as one bucket. */
export const wholeRange = (width: Interval, range: Range): Buckets => ({
  width,
  range,
  layout: { kind: 'listed', starts: [range.from, range.to] },
});

/** How many they are. */
export function countOf({ width, range: { from, to }, layout }: Buckets): number {
  return layout.kind === 'listed'
    ? layout.starts.length - 1
    : bucketCount(width, from + layout.shift, to + layout.shift);
}

/** About how many buckets the range has: never more than there are by a quarter, and never less. */
export const roughCount = (width: Interval, { from, to }: Range): number =>
  Number(to - from) / approximateMicroseconds(width);

/** Where they begin, in order. */
export function startsOf({ width, range, layout }: Buckets): readonly bigint[] {
  if (layout.kind === 'listed') return layout.starts.slice(0, -1);
  const starts: bigint[] = [];
  const end = range.to + layout.shift;
  for (let at = bucketStart(width, range.from + layout.shift); at < end; at = nextBucket(width, at))
    starts.push(at - layout.shift);
  return starts;
}

/** Whether each of them is made of whole buckets of a width in UTC, which is what aggregates have. */
export function areMadeOf({ width, layout }: Buckets, own: Interval): boolean {
  if (layout.kind === 'listed') return layout.starts.every((start) => bucketStart(own, start) === start);
  if (!isWholeMultiple(width, own)) return false;
  return layout.shift === 0n || (own.months === 0 && layout.shift % fixedLength(own) === 0n);
}

/** Whether each of them, made of whole buckets of the width, is a single one. */
export function areSingle({ width, layout }: Buckets, own: Interval): boolean {
  if (layout.kind === 'even') return isWholeMultiple(own, width);
  return layout.starts.every(
    (start, at) => at === 0 || nextBucket(own, layout.starts[at - 1] ?? start) === start,
  );
}

function even(width: Interval, { from, to }: Range, shift: bigint): Buckets {
  const range = { from: bucketStart(width, from + shift) - shift, to: bucketEnd(width, to + shift) - shift };
  return { width, range: within(range), layout: { kind: 'even', shift } };
}

/** By how much times are moved when that makes the buckets even; undefined when a change of the clocks prevents it. */
function evenShift(width: Interval, [first, ...more]: readonly [Span, ...Span[]]): bigint | undefined {
  const isShort = isShorterThanDay(width);
  const shiftOf = ({ offset }: Span): bigint => {
    if (!isShort) return offset;
    const length = fixedLength(width);
    return ((offset % length) + length) % length;
  };
  const shift = shiftOf(first);
  return more.every((span) => shiftOf(span) === shift) ? shift : undefined;
}
