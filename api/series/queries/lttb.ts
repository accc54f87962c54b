// Largest-Triangle-Three-Buckets (Sveinn Steinarsson, 2013): thins out a line so that it looks the same.

/** A point of a line; `x` ascends. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Picks at most `count` of the points: the first, the last, and from each of the equal slots between them the point that makes
 * the largest triangle with the point picked before and the middle of the next slot.
 */
export function lttb<P extends Point>(points: readonly P[], count: number): readonly P[] {
  if (points.length <= count) return points;
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || count < 1) return [];
  if (count === 1) return [first];
  const picked: P[] = [first];
  const perSlot = (points.length - 2) / (count - 2);
  const slot = (at: number): readonly P[] =>
    points.slice(Math.floor(at * perSlot) + 1, Math.floor((at + 1) * perSlot) + 1);
  for (let at = 0; at < count - 2; at += 1) {
    const next = at === count - 3 ? last : middleOf(slot(at + 1));
    picked.push(largestTriangle(picked.at(-1) ?? first, slot(at), next));
  }
  return [...picked, last];
}

function largestTriangle<P extends Point>(left: Point, candidates: readonly P[], right: Point): P {
  let [best, largest] = [candidates[0] as P, -1];
  for (const point of candidates) {
    const area = Math.abs((left.x - right.x) * (point.y - left.y) - (left.x - point.x) * (right.y - left.y));
    if (area > largest) [best, largest] = [point, area];
  }
  return best;
}

function middleOf(points: readonly Point[]): Point {
  const sum = points.reduce(({ x, y }, point) => ({ x: x + point.x, y: y + point.y }), { x: 0, y: 0 });
  return { x: sum.x / points.length, y: sum.y / points.length };
}
