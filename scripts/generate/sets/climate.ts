// Temperature, humidity and pressure of sensors: daily and yearly cycles, noise with memory, offsets, gaps and outliers.
import { randomAt } from '../random';
import { clamp, daily, perSeries, type SampleOptions, wandering } from '../sample';

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
}

/** Ranges are those of the catalog: 15–35 °C, 30–80 %, 980–1020 hPa. */
const QUANTITIES: readonly Quantity[] = [
  {
    metric: 'temperature',
    unit: '°C',
    low: 15,
    high: 35,
    mean: 24.5,
    spread: 0.7,
    dailySwing: 4,
    yearlySwing: 2.5,
    peakHour: 14,
    noise: 0.5,
    memoryHours: 2,
    resolution: 0.05,
  },
  {
    metric: 'humidity',
    unit: '%',
    low: 30,
    high: 80,
    mean: 55,
    spread: 2,
    dailySwing: 10,
    yearlySwing: 4,
    peakHour: 4,
    noise: 1.5,
    memoryHours: 3,
    resolution: 0.1,
  },
  {
    metric: 'pressure',
    unit: 'hPa',
    low: 980,
    high: 1020,
    mean: 1000,
    spread: 1,
    dailySwing: 0.8,
    yearlySwing: 1.5,
    peakHour: 10,
    noise: 3.5,
    memoryHours: 48,
    resolution: 0.1,
  },
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

/** Takes the values of a sensor: temperature, humidity and pressure. */
type OnReading = (sensor: number, values: readonly number[]) => void;

/**
 * Makes the steps of the climate, each of which gives a reading of every sensor that is not silent.
 * Every sensor draws the same number of random numbers in each step, so gaps and outliers do not change any other value.
 */
export function walkClimate(
  state: ClimateState,
  { series, intervalSeconds, gaps, outliers, seed }: SampleOptions,
): (time: number, onReading: OnReading) => void {
  const offsets = offsetsOf(seed, series);
  const moves = QUANTITIES.map(({ memoryHours }) => wandering(intervalSeconds, memoryHours));
  const follow = 1 - Math.exp(-intervalSeconds / 60 / FOLLOWS_MINUTES);
  const wake = Math.min(1, intervalSeconds / OUTAGE_SECONDS);
  const fall = gaps >= 1 ? 1 : (wake * gaps) / (1 - gaps);
  return (time, onReading) => {
    const random = randomAt(seed, 'climate', time);
    const cycles = QUANTITIES.map((quantity) => quantity.mean + cycle(quantity, time));
    for (let sensor = 0; sensor < series; sensor += 1) {
      const values = QUANTITIES.map(({ noise, low, high, resolution }, at) => {
        const slot = sensor * QUANTITIES.length + at;
        const moved = (moves[at] as Move)(state.noise[slot] as number, random);
        state.noise[slot] = moved;
        const before = state.felt[slot] as number;
        const felt = before + follow * (moved - before);
        state.felt[slot] = felt;
        const value = (cycles[at] as number) + (offsets[slot] as number) + noise * felt;
        return round2(Math.round(clamp(value, low, high) / resolution) * resolution);
      });
      const change = random.uniform();
      state.silent[sensor] = state.silent[sensor] ? change >= wake : change < fall;
      const fault = random.uniform();
      const where = random.uniform();
      if (fault < outliers) {
        const at = Math.floor((fault / outliers) * QUANTITIES.length);
        values[at] = extreme(QUANTITIES[at] as Quantity, where);
      }
      if (!state.silent[sensor]) onReading(sensor, values);
    }
  };
}

type Move = ReturnType<typeof wandering>;

export interface Limits {
  readonly low: number;
  readonly high: number;
}

/** The limits of each sensor, one for each quantity. */
export function limitsOf({ seed, series }: SampleOptions): readonly (readonly Limits[])[] {
  const random = randomAt(seed, 'limits', 0);
  return perSeries(series, () =>
    QUANTITIES.map((quantity) => {
      const inside = marginOf(quantity) * (1 + random.uniform());
      return { low: round2(quantity.low + inside), high: round2(quantity.high - inside) };
    }),
  );
}

/** COPY lines of the alerts of one reading, worded like those of readings that arrive over HTTP. */
export function alertLines(
  at: string,
  id: string | number,
  values: readonly number[],
  limits: readonly Limits[] = [],
): string {
  let lines = '';
  for (const [which, { low, high }] of limits.entries()) {
    const value = values[which] as number;
    if (value >= low && value <= high) continue;
    const [side, words, limit] = value < low ? ['low', 'below', low] : ['high', 'above', high];
    const { metric, unit } = QUANTITIES[which] as Quantity;
    lines += `${at}\t${id}\t${metric}_${side}\t${metric} ${value} ${unit} is ${words} ${limit} ${unit}\t${value}\t${limit}\n`;
  }
  return lines;
}

/** COPY lines of the limits: sensor, metric, minimum, maximum. */
export const limitLines = (options: SampleOptions, idOf: (sensor: number) => string | number): string =>
  limitsOf(options)
    .flatMap((limits, sensor) =>
      limits.map(({ low, high }, at) => `${idOf(sensor)}\t${QUANTITIES[at]?.metric}\t${low}\t${high}\n`),
    )
    .join('');

// Day 200 (late July) is the warmest of the northern year.
function cycle({ dailySwing, yearlySwing, peakHour }: Quantity, time: number): number {
  const day = (time / 86_400_000) % 365.25;
  return dailySwing * daily(time, peakHour) + yearlySwing * Math.cos(((day - 200) / 365.25) * 2 * Math.PI);
}

function extreme(quantity: Quantity, where: number): number {
  const { low, high } = quantity;
  const margin = marginOf(quantity);
  return round2(where < 0.5 ? low + margin * where * 2 : high - margin * (1 - where) * 2);
}

/** Outliers are closer than this to an end of the range; limits are not. */
const marginOf = ({ low, high }: Quantity): number => (high - low) / 40;

const round2 = (value: number): number => Math.round(value * 100) / 100;

/** What each sensor shows more than others, of each quantity one after the other. */
function offsetsOf(seed: number, series: number): readonly number[] {
  const random = randomAt(seed, 'offsets', 0);
  // At most two standard deviations, so that no sensor is outside of the range all the time.
  return perSeries(series, () =>
    QUANTITIES.map(({ spread }) => spread * clamp(random.normal(), -2, 2)),
  ).flat();
}
