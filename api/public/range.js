// Time ranges: a period that ends now, or a fixed range from one time to another. Addresses and requests carry times as RFC 3339 in UTC.

const HOUR = 3_600;
const LENGTHS = { h: HOUR, d: 24 * HOUR, w: 168 * HOUR, m: 730.5 * HOUR, y: 8_766 * HOUR };

/** The periods that are offered. */
export const PERIODS = [
  ['1h', '1 hour'],
  ['6h', '6 hours'],
  ['1d', '1 day'],
  ['3d', '3 days'],
  ['1w', '1 week'],
  ['1m', '1 month'],
  ['3m', '3 months'],
  ['1y', '1 year'],
  ['5y', '5 years'],
];

/** What a period is called: `1w` → `1 week`. */
export const periodName = (period) => PERIODS.find(([value]) => value === period)?.[1] ?? period;

/** Whether the state names both ends, instead of a period that moves with the clock. */
export const isFixed = ({ from, to }) => Date.parse(from) < Date.parse(to);

/** The ends in seconds since 1970: `{ from, to }`. A period that cannot be read is a week. */
export function rangeOf(state) {
  if (isFixed(state)) return { from: Date.parse(state.from) / 1000, to: Date.parse(state.to) / 1000 };
  const count = Number.parseInt(state.period, 10) || 1;
  const unit = LENGTHS[state.period.at(-1)] ?? LENGTHS.w;
  const to = Date.now() / 1000;
  return { from: to - count * unit, to };
}

/** The range of a chart with rows at these times: clocks differ, and a bucket starts before the range, but no row is cut off. */
export function rangeAround(state, time, isRaw = false) {
  const { from, to } = rangeOf(state);
  if (time.length === 0) return { from, to };
  return { from: isRaw ? from : Math.min(from, time[0]), to: Math.max(to, time.at(-1)) };
}

/** The range as parameters of a request. */
export function rangeParameters(state) {
  return isFixed(state) ? { from: state.from, to: state.to } : { period: state.period };
}

/** Seconds as a time for addresses, to the second. */
export const timeOf = (seconds) => new Date(Math.round(seconds) * 1000).toISOString().replace('.000Z', 'Z');

/** A range moved by a share of its length (-1 = one length earlier), and scaled around its middle. */
export function movedRange({ from, to }, { by = 0, scale = 1 }) {
  const length = to - from;
  const middle = from + length * (0.5 + by);
  const half = Math.max(5, (length * scale) / 2);
  return { from: timeOf(middle - half), to: timeOf(middle + half) };
}
