import { readingCount, readings, type SeriesOptions, sensorId } from './generator';

const options: SeriesOptions = {
  sensors: 4,
  intervalSeconds: 900,
  from: new Date('2026-03-01T00:00:00Z'),
  to: new Date('2026-03-31T00:00:00Z'),
  seed: 1,
};

interface Reading {
  readonly time: string;
  readonly sensor: string;
  readonly values: readonly string[];
}

const parse = (text: string): readonly Reading[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => {
      const [time = '', sensor = '', ...values] = line.split('\t');
      return { time, sensor, values };
    });
const all = (changes: Partial<SeriesOptions> = {}): string =>
  [...readings({ ...options, ...changes })].join('');
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('readings', () => {
  const lines = parse(all());

  it.each([
    ['temperature', 0, 15, 35],
    ['humidity', 1, 30, 80],
    ['pressure', 2, 980, 1020],
  ])('keep %s in its range, with two decimals', (_, at, low, high) => {
    const values = lines.map((line) => line.values[at] ?? '');
    expect(values.filter((value) => !/^\d+\.\d\d$/.test(value))).toEqual([]);
    const numbers = values.map(Number);
    expect(Math.min(...numbers)).toBeGreaterThanOrEqual(low);
    expect(Math.max(...numbers)).toBeLessThanOrEqual(high);
    // Not pressed against the ends of the range, and not a constant.
    expect(numbers.filter((value) => value === low || value === high).length / numbers.length).toBeLessThan(
      0.02,
    );
    expect(new Set(values).size).toBeGreaterThan(100);
  });

  it('stay in range at the ends of the year and with many seeds', () => {
    for (const month of [1, 7]) {
      const from = new Date(Date.UTC(2026, month, 1));
      const to = new Date(Date.UTC(2026, month, 3));
      for (let seed = 0; seed < 20; seed += 1) {
        const temperatures = parse(all({ from, to, seed })).map((line) => Number(line.values[0]));
        expect(Math.min(...temperatures)).toBeGreaterThanOrEqual(15);
        expect(Math.max(...temperatures)).toBeLessThanOrEqual(35);
      }
    }
  });

  it('are the same bytes for the same seed and others for another', () => {
    expect(all()).toBe(all());
    expect(all({ seed: 2 })).not.toBe(all());
  });

  it('come in time order, one per sensor and instant, from the start up to before the end', () => {
    const count = readingCount(options);
    expect(count).toBe(30 * 96);
    const expected = Array.from({ length: count }, (_, at) =>
      new Date(options.from.getTime() + at * 900_000).toISOString(),
    ).flatMap((time) => [0, 1, 2, 3].map((sensor) => `${time} ${sensorId(sensor)}`));
    expect(lines.map(({ time, sensor }) => `${time} ${sensor}`)).toEqual(expected);
  });

  it('are warmer in the afternoon than at night', () => {
    const at = (hour: number): number =>
      mean(
        lines
          .filter(({ time }) => new Date(time).getUTCHours() === hour)
          .map(({ values }) => Number(values[0])),
      );
    expect(at(14) - at(2)).toBeGreaterThan(5);
  });

  it('differ from sensor to sensor', () => {
    const means = [0, 1, 2, 3].map((sensor) =>
      mean(
        lines.filter((line) => line.sensor === sensorId(sensor)).map(({ values }) => Number(values[0])),
      ).toFixed(1),
    );
    expect(new Set(means).size).toBeGreaterThan(1);
  });

  it('are made one instant at a time: a thousand years cost nothing until they are read', () => {
    const series = readings({ ...options, to: new Date('3026-01-01T00:00:00Z') });
    const first = series.next().value as string;
    expect(parse(first)).toHaveLength(4);
    expect(new Set(parse(first).map(({ time }) => time))).toEqual(new Set(['2026-03-01T00:00:00.000Z']));
  });

  it('are none in an empty range', () => {
    expect(all({ to: options.from })).toBe('');
    expect(readingCount({ ...options, to: options.from })).toBe(0);
    expect(readingCount({ ...options, to: new Date(0) })).toBe(0);
    expect(readingCount({ ...options, to: new Date(options.from.getTime() + 1) })).toBe(1);
  });
});
