// Figures that are not exact: a likely value between a low and a high one.

/** A figure; `low` ≤ `likely` ≤ `high`. Whether much is good or bad depends on what it says. */
export interface Range {
  readonly low: number;
  readonly likely: number;
  readonly high: number;
}

export const exactly = (value: number): Range => ({ low: value, likely: value, high: value });

/** The sum; the low ends are added to the low ends. */
export const sum = (...ranges: readonly Range[]): Range => combine((a, b) => a + b, exactly(0), ranges);

/** The product of figures that are not negative. */
export const times = (...ranges: readonly (Range | number)[]): Range =>
  combine(
    (a, b) => a * b,
    exactly(1),
    ranges.map((each) => (typeof each === 'number' ? exactly(each) : each)),
  );

/** What is left after something is taken away, never less than nothing. The widest difference gives the ends. */
export const minus = (whole: Range, part: Range): Range => ({
  low: Math.max(0, whole.low - part.high),
  likely: Math.max(0, whole.likely - part.likely),
  high: Math.max(0, whole.high - part.low),
});

/** Median, smallest and largest of measurements. */
export function measured(values: readonly number[]): Range {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = (sorted.length - 1) / 2;
  const at = (place: number): number => sorted[place] ?? Number.NaN;
  return {
    low: at(0),
    likely: (at(Math.floor(middle)) + at(Math.ceil(middle))) / 2,
    high: at(sorted.length - 1),
  };
}

/** Applies a function to each of the three. */
export const each = (range: Range, change: (value: number) => number): Range => ({
  low: change(range.low),
  likely: change(range.likely),
  high: change(range.high),
});

function combine(join: (a: number, b: number) => number, start: Range, ranges: readonly Range[]): Range {
  return ranges.reduce(
    (a, b) => ({ low: join(a.low, b.low), likely: join(a.likely, b.likely), high: join(a.high, b.high) }),
    start,
  );
}
