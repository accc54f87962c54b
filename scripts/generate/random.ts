// Random numbers that depend on nothing but their key: the same seed, stream and time give the same numbers in any run.

/** A source of random numbers; enough for sample data, not for secrets. */
export interface Random {
  /** Uniform in [0, 1). */
  uniform(): number;
  /** Standard normal. */
  normal(): number;
  /** Number of events when `mean` are expected. */
  poisson(mean: number): number;
  pick<T>(items: readonly T[]): T;
  uuid(): string;
}

/** The numbers of one stream at one instant (milliseconds). Each stream has a name, so that tables do not repeat each other. */
export function randomAt(seed: number, stream: string, time: number): Random {
  let key = mix(seed ^ 0x9e3779b9);
  for (let at = 0; at < stream.length; at += 1) key = mix(key ^ stream.charCodeAt(at));
  key = mix(key ^ Math.floor(time / 4_294_967_296));
  return mulberry(mix(key ^ (time >>> 0)));
}

function mulberry(start: number): Random {
  let state = start >>> 0;
  let spare = Number.NaN;
  const uniform = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  // Box–Muller gives two at a time; 1 - u keeps the logarithm away from zero.
  const normal = (): number => {
    if (!Number.isNaN(spare)) {
      const kept = spare;
      spare = Number.NaN;
      return kept;
    }
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    const angle = 2 * Math.PI * uniform();
    spare = radius * Math.sin(angle);
    return radius * Math.cos(angle);
  };
  const hex = (): string =>
    Math.floor(uniform() * 4_294_967_296)
      .toString(16)
      .padStart(8, '0');
  return {
    uniform,
    normal,
    poisson: (mean) => {
      // Knuth's product would underflow for large means, where the distribution is nearly normal.
      if (mean > 30) return Math.max(0, Math.round(mean + Math.sqrt(mean) * normal()));
      const limit = Math.exp(-mean);
      let events = 0;
      for (let product = uniform(); product > limit; product *= uniform()) events += 1;
      return events;
    },
    pick: <T>(items: readonly T[]): T => items[Math.floor(uniform() * items.length)] as T,
    uuid: () => {
      const [a, b, c, d] = [hex(), hex(), hex(), hex()];
      return `${a}-${b.slice(0, 4)}-4${b.slice(5)}-a${c.slice(1, 4)}-${c.slice(4)}${d}`;
    },
  };
}

function mix(value: number): number {
  let mixed = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
