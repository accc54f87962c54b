// Realistic sensor readings: daily and yearly cycles, noise with memory, one offset per sensor. Same seed, same bytes.

export interface SeriesOptions {
  readonly sensors: number;
  /** Seconds between two readings of a sensor. */
  readonly intervalSeconds: number;
  /** First instant, inclusive. */
  readonly from: Date;
  /** Last instant, exclusive. */
  readonly to: Date;
  readonly seed: number;
}

/** A measured quantity: where its values lie and how they move. */
interface Quantity {
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
}

// Ranges are those of the catalog: 15–35 °C, 30–80 %, 980–1020 hPa.
const QUANTITIES: readonly Quantity[] = [
  {
    low: 15,
    high: 35,
    mean: 24,
    spread: 1.5,
    dailySwing: 4,
    yearlySwing: 3,
    peakHour: 14,
    noise: 0.6,
    memoryHours: 2,
  },
  {
    low: 30,
    high: 80,
    mean: 55,
    spread: 4,
    dailySwing: 10,
    yearlySwing: 5,
    peakHour: 4,
    noise: 2,
    memoryHours: 3,
  },
  {
    low: 980,
    high: 1020,
    mean: 1002,
    spread: 2,
    dailySwing: 0.8,
    yearlySwing: 2,
    peakHour: 10,
    noise: 5,
    memoryHours: 48,
  },
];

/** Readings per sensor. */
export function readingCount({
  from,
  to,
  intervalSeconds,
}: Pick<SeriesOptions, 'from' | 'to' | 'intervalSeconds'>): number {
  return Math.max(0, Math.ceil((to.getTime() - from.getTime()) / (intervalSeconds * 1000)));
}

/** `sensor_001` for 0. */
export const sensorId = (at: number): string => `sensor_${String(at + 1).padStart(3, '0')}`;

/**
 * Readings in time order as lines of PostgreSQL's COPY text format (time, sensor_id, temperature, humidity, pressure),
 * one chunk of text per instant. Memory does not grow with the number of readings.
 */
export function* readings(options: SeriesOptions): Generator<string> {
  const random = mulberry32(options.seed);
  const offsets = Array.from({ length: options.sensors }, () =>
    QUANTITIES.map(({ spread }) => spread * gaussian(random)),
  );
  const drift = offsets.map(() => QUANTITIES.map(() => 0));
  const step = options.intervalSeconds * 1000;
  const hours = options.intervalSeconds / 3600;
  // An AR(1) process with this factor keeps its standard deviation whatever the interval is.
  const keep = QUANTITIES.map(({ memoryHours }) => Math.exp(-hours / memoryHours));
  for (let time = options.from.getTime(); time < options.to.getTime(); time += step) {
    const stamp = new Date(time).toISOString();
    const cycles = QUANTITIES.map((quantity) => cycle(quantity, time));
    let lines = '';
    for (let sensor = 0; sensor < options.sensors; sensor += 1) {
      const values = QUANTITIES.map((quantity, at) => {
        const memory = keep[at] as number;
        const noise =
          memory * (drift[sensor]?.[at] as number) + Math.sqrt(1 - memory * memory) * gaussian(random);
        (drift[sensor] as number[])[at] = noise;
        const value =
          quantity.mean + (cycles[at] as number) + (offsets[sensor]?.[at] as number) + quantity.noise * noise;
        return Math.min(quantity.high, Math.max(quantity.low, value)).toFixed(2);
      });
      lines += `${stamp}\t${sensorId(sensor)}\t${values.join('\t')}\n`;
    }
    yield lines;
  }
}

function cycle({ dailySwing, yearlySwing, peakHour }: Quantity, time: number): number {
  const hour = (time / 3_600_000) % 24;
  const day = (time / 86_400_000) % 365.25;
  // Day 200 (late July) is the warmest of the northern year.
  return (
    dailySwing * Math.cos(((hour - peakHour) / 24) * 2 * Math.PI) +
    yearlySwing * Math.cos(((day - 200) / 365.25) * 2 * Math.PI)
  );
}

/** A small, fast generator of uniform numbers in [0, 1); enough for sample data, not for secrets. */
function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

// Box–Muller; 1 - u keeps the logarithm away from zero.
function gaussian(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
