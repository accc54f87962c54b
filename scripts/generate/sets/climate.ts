// Temperature, humidity and pressure of sensors: daily and yearly cycles, noise with memory, offsets, gaps and outliers.
import type { Random } from '../random';
import { randomAt } from '../random';
import { daily, perSeries, type SampleOptions } from '../sample';

/** A measured quantity: where its values lie and how they move. */
interface Quantity {
  readonly metric: string;
  readonly unit: string;
  readonly low: number;
  readonly high: number;
  readonly mean: number;
  /** How far the means of sensors lie apart. */
  readonly spread: number;
  readonly dailySwing: number;
  readonly yearlySwing: number;
  /** Hours after midnight UTC at which the daily swing peaks. */
  readonly peakHour: number;
  readonly noise: number;
  /** Hours until noise is forgotten to about a third. */
  readonly memoryHours: number;
  /** Resolution of a sensor: its readings are multiples of this. */
  readonly resolution: number;
  /** Outliers are closer than this to an end of the range; thresholds are not. */
  readonly margin: number;
}

const quantity = (
  metric: string,
  unit: string,
  [low, high]: readonly [number, number],
  rest: Omit<Quantity, 'metric' | 'unit' | 'low' | 'high' | 'margin'>,
): Quantity => ({ metric, unit, low, high, margin: (high - low) / 40, ...rest });

/** Ranges are those of the catalog: 15–35 °C, 30–80 %, 980–1020 hPa. */
export const QUANTITIES: readonly Quantity[] = [
  quantity('temperature', '°C', [15, 35], {
    mean: 24.5,
    spread: 0.7,
    dailySwing: 4,
    yearlySwing: 2.5,
    peakHour: 14,
    noise: 0.5,
    memoryHours: 2,
    resolution: 0.05,
  }),
  quantity('humidity', '%', [30, 80], {
    mean: 55,
    spread: 2,
    dailySwing: 10,
    yearlySwing: 4,
    peakHour: 4,
    noise: 1.5,
    memoryHours: 3,
    resolution: 0.1,
  }),
  quantity('pressure', 'hPa', [980, 1020], {
    mean: 1000,
    spread: 1,
    dailySwing: 0.8,
    yearlySwing: 1.5,
    peakHour: 10,
    noise: 3.5,
    memoryHours: 48,
    resolution: 0.1,
  }),
];

export interface ClimateState {
  /** Noise of the air, of each sensor and quantity one after the other, in standard deviations. */
  readonly noise: number[];
  /** The same noise as it reaches the sensor in its housing. */
  readonly felt: number[];
  /** Whether a sensor is silent. */
  readonly silent: boolean[];
}

export const beginClimate = ({ series }: SampleOptions): ClimateState => ({
  noise: perSeries(series * QUANTITIES.length, () => 0),
  felt: perSeries(series * QUANTITIES.length, () => 0),
  silent: perSeries(series, () => false),
});

// A sensor in a housing reacts slowly: after this many minutes it has followed about two thirds of a change. Without this,
// readings would change more from minute to minute than air does.
const FOLLOWS_MINUTES = 10;

// An outage lasts an hour on average.
const OUTAGE_SECONDS = 3_600;

/**
 * Calls `onReading` for each sensor that is not silent; `values` is used again for the next sensor.
 * Every sensor draws the same number of random numbers in each step, so gaps and outliers do not change any other value.
 */
export function advanceClimate(
  state: ClimateState,
  time: number,
  options: SampleOptions,
  onReading: (sensor: number, values: readonly number[], random: Random) => void,
): void {
  const { series, intervalSeconds, gaps, outliers, seed } = options;
  const random = randomAt(seed, 'climate', time);
  const offsets = offsetsOf(seed, series);
  const cycles = QUANTITIES.map((each) => each.mean + cycle(each, time));
  // An AR(1) process with these factors keeps its standard deviation whatever the interval is.
  const keep = QUANTITIES.map(({ memoryHours }) => Math.exp(-intervalSeconds / 3600 / memoryHours));
  const renew = keep.map((factor) => Math.sqrt(1 - factor * factor));
  const follow = 1 - Math.exp(-intervalSeconds / 60 / FOLLOWS_MINUTES);
  const wake = Math.min(1, intervalSeconds / OUTAGE_SECONDS);
  const fall = gaps >= 1 ? 1 : (wake * gaps) / (1 - gaps);
  const values = [0, 0, 0];
  for (let sensor = 0; sensor < series; sensor += 1) {
    for (let at = 0; at < 3; at += 1) {
      const slot = sensor * 3 + at;
      const { noise, low, high, resolution } = QUANTITIES[at] as Quantity;
      const moved =
        (keep[at] as number) * (state.noise[slot] as number) + (renew[at] as number) * random.normal();
      state.noise[slot] = moved;
      const felt = (state.felt[slot] as number) + follow * (moved - (state.felt[slot] as number));
      state.felt[slot] = felt;
      const value = (cycles[at] as number) + (offsets[slot] as number) + noise * felt;
      const kept = value < low ? low : value > high ? high : value;
      values[at] = round2(Math.round(kept / resolution) * resolution);
    }
    const change = random.uniform();
    state.silent[sensor] = state.silent[sensor] ? change >= wake : change < fall;
    const fault = random.uniform();
    const where = random.uniform();
    if (fault < outliers) {
      const at = Math.floor((fault / outliers) * 3);
      values[at] = extreme(QUANTITIES[at] as Quantity, where);
    }
    if (!state.silent[sensor]) onReading(sensor, values, random);
  }
}

/** Whether a value lies outside of a sensor's limits, and the limit that it passed. */
export function passedLimit(
  { low, high }: Limits,
  value: number,
): { readonly side: 'low' | 'high'; readonly limit: number } | undefined {
  if (value < low) return { side: 'low', limit: low };
  return value > high ? { side: 'high', limit: high } : undefined;
}

export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** The limits of each sensor and quantity, one after the other. */
export function limitsOf({ seed, series }: SampleOptions): readonly Limits[] {
  return remembered(limits, seed, series, () => {
    const random = randomAt(seed, 'limits', 0);
    return perSeries(series, () => QUANTITIES)
      .flat()
      .map(({ low, high, margin }) => {
        const inside = margin * (1 + random.uniform());
        return { low: round2(low + inside), high: round2(high - inside) };
      });
  });
}

/** COPY lines of the alerts of one reading, worded like those of readings that arrive over HTTP. */
export function alertLines(
  at: string,
  id: string | number,
  sensor: number,
  values: readonly number[],
  limits: readonly Limits[],
): string {
  let lines = '';
  for (let slot = 0; slot < 3; slot += 1) {
    const value = values[slot] as number;
    const passed = passedLimit(limits[sensor * 3 + slot] as Limits, value);
    if (passed === undefined) continue;
    const { metric, unit } = QUANTITIES[slot] as Quantity;
    const words = passed.side === 'low' ? 'below' : 'above';
    lines += `${at}\t${id}\t${metric}_${passed.side}\t${metric} ${value} ${unit} is ${words} ${passed.limit} ${unit}\t${value}\t${passed.limit}\n`;
  }
  return lines;
}

/** COPY lines of the limits: sensor, metric, minimum, maximum. */
export function limitLines(options: SampleOptions, idOf: (sensor: number) => string | number): string {
  return limitsOf(options)
    .map(
      ({ low, high }, slot) =>
        `${idOf(Math.floor(slot / 3))}\t${(QUANTITIES[slot % 3] as Quantity).metric}\t${low}\t${high}\n`,
    )
    .join('');
}

// Day 200 (late July) is the warmest of the northern year.
function cycle({ dailySwing, yearlySwing, peakHour }: Quantity, time: number): number {
  const day = (time / 86_400_000) % 365.25;
  return dailySwing * daily(time, peakHour) + yearlySwing * Math.cos(((day - 200) / 365.25) * 2 * Math.PI);
}

function extreme({ low, high, margin }: Quantity, where: number): number {
  return round2(where < 0.5 ? low + margin * where * 2 : high - margin * (1 - where) * 2);
}

const round2 = (value: number): number => Math.round(value * 100) / 100;

function offsetsOf(seed: number, series: number): readonly number[] {
  return remembered(offsets, seed, series, () => {
    const random = randomAt(seed, 'offsets', 0);
    // At most two standard deviations, so that no sensor is outside of the range all the time.
    return perSeries(series, () => QUANTITIES)
      .flat()
      .map(({ spread }) => spread * Math.max(-2, Math.min(2, random.normal())));
  });
}

// Computed once and not in every step. One entry is enough, because a process writes one series of sensors.
const offsets = new Map<string, readonly number[]>();
const limits = new Map<string, readonly Limits[]>();

function remembered<T>(cache: Map<string, T>, seed: number, series: number, make: () => T): T {
  const key = `${seed} ${series}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const made = make();
  cache.set(key, made);
  return made;
}
