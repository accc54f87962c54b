// Points: what agents send, whatever their protocol: a name, tags, and fields with values at a time.
import type { ExactNumber } from '../../../db/core/exact-json';

/** A field's value; null = no value. */
export type FieldValue = number | ExactNumber | string | boolean | null;

/** A measurement of line protocol with its fields, or a sample of a metric with the one field `value`. */
export interface Point {
  /** The measurement, or the name of the metric. */
  readonly name: string;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly fields: readonly (readonly [key: string, value: FieldValue])[];
  /**
   * Canonical, see `http/time.ts`; absent = the time of receipt. A refused point has what was sent for its time, empty if nothing
   * was, so that a replay does not give it the time of receipt.
   */
  readonly time?: string;
}

/** A point as it was sent, or why it is none. */
export interface SentPoint {
  /** 1-based: the line of the body that it begins on, or its place among the points of the request. */
  readonly line: number;
  /** What is kept when the point is refused: the text as it was sent, or the point itself. */
  readonly source: string | Point;
  readonly point?: Point;
  readonly reason?: string;
}
