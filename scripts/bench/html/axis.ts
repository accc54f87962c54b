// The axis of a bar chart: where a value lies between left and right, and which values are written below.

/** An axis of a chart. */
export interface Axis {
  readonly kind: 'linear' | 'log';
  readonly ticks: readonly number[];
  /** Place of a value, in percent from the left; values outside are moved to the edge. */
  place(value: number): number;
}

/**
 * An axis that shows all values. A linear one begins at 0 and ends at a round number; a logarithmic one goes from one power
 * of ten to another.
 * @throws RangeError without a finite value above 0.
 */
export function axisFor(kind: Axis['kind'], values: readonly number[]): Axis {
  const usable = values.filter((value) => Number.isFinite(value) && value > 0);
  if (usable.length === 0) throw new RangeError('an axis needs a value above 0');
  const [least, most] = [Math.min(...usable), Math.max(...usable)];
  return kind === 'log' ? logAxis(least, most) : linearAxis(most);
}

function logAxis(least: number, most: number): Axis {
  const first = Math.floor(Math.log10(least));
  const last = Math.max(first + 1, Math.ceil(Math.log10(most)));
  const ticks = Array.from({ length: last - first + 1 }, (_, at) => 10 ** (first + at));
  return {
    kind: 'log',
    ticks,
    place: (value) => inside(value <= 0 ? 0 : ((Math.log10(value) - first) / (last - first)) * 100),
  };
}

function linearAxis(most: number): Axis {
  const power = 10 ** Math.floor(Math.log10(most / 4));
  const step = [1, 2, 2.5, 5, 10].map((factor) => factor * power).find((size) => size * 4 >= most) as number;
  const ticks = Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, at) => at * step);
  const end = ticks.at(-1) as number;
  return { kind: 'linear', ticks, place: (value) => inside((value / end) * 100) };
}

const inside = (percent: number): number => Math.min(100, Math.max(0, percent));
