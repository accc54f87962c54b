// Limits the work that a body makes. Rows are read with pauses for other requests, but a body can have millions of parts that
// are no rows: they are counted, and what brings points may have many of them.

/** The parts of a body have no end, or are not what they should be; the text says why. */
export class MalformedMessage extends Error {}

/** Work in about tenths of a microsecond. */
const AT_ONCE = 2_000_000;
const FOR_A_POINT = 1_000;

/** What a skipped field and an element of a list cost. */
export const SKIPPED = 1;
export const ELEMENT = 10;

/** The work on one body. */
export interface Walk {
  /** @throws MalformedMessage when there was too much work for the points that came of it. */
  step(cost: number): void;
  /** Notes that a point came of it. */
  point(): void;
}

/** Starts to count. */
export function startWalk(): Walk {
  let left = AT_ONCE;
  return {
    step: (cost) => {
      left -= cost;
      if (left < 0) throw new MalformedMessage('it has far more parts than points');
    },
    point: () => {
      left = Math.min(left + FOR_A_POINT, AT_ONCE);
    },
  };
}

/** Deepest nesting of messages in one another. */
const DEEPEST = 50;
/** Most elements of a list that is collected: attributes and buckets of one data point. */
const MOST_ELEMENTS = 10_000;

/** @throws MalformedMessage for nesting that is too deep. */
export function checkDepth(depth: number): void {
  if (depth > DEEPEST) throw new MalformedMessage(`messages are nested deeper than ${DEEPEST} levels`);
}

/** @throws MalformedMessage for a list that is too long. */
export function checkLength(name: string, length: number): void {
  if (length > MOST_ELEMENTS)
    throw new MalformedMessage(`${name} has more than ${MOST_ELEMENTS} elements in one message`);
}
