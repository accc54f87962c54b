import { batches, stepCount } from './batches';
import { type Lines, noLines, type SampleOptions, type SampleSet, sensorId } from './sample';
import { sampleSets } from './sets/sets';

const options: SampleOptions = { series: 4, intervalSeconds: 900, seed: 1, gaps: 0, outliers: 0 };
const range = { from: new Date('2026-03-01T00:00:00Z'), to: new Date('2026-03-31T00:00:00Z') };
const setOf = (name: string): SampleSet => sampleSets[name] as SampleSet;

interface Run extends Partial<SampleOptions> {
  readonly from?: Date;
  readonly to?: Date;
}

/** The text of each table; split where asked, with the state going through JSON as between two runs. */
function texts(name: string, changes: Run = {}, splits: readonly Date[] = []): Lines {
  const { from = range.from, to = range.to, ...other } = changes;
  const all = { ...options, ...other };
  const set = setOf(name);
  const lines = noLines();
  let state = set.begin(all);
  let start = from;
  for (const end of [...splits, to]) {
    state = JSON.parse(JSON.stringify(state)) as object;
    for (const batch of batches(set, state, all, { from: start, to: end }))
      batch.lines.forEach((text, at) => {
        lines[at] += text;
      });
    start = end;
  }
  return lines;
}

const rowsOf = (text: string): readonly string[][] =>
  text === ''
    ? []
    : text
        .trimEnd()
        .split('\n')
        .map((line) => line.split('\t'));
const DAYS_AROUND = [-5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5];
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

/** Pearson's correlation. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const [meanA, meanB] = [mean(a), mean(b)];
  const products = (x: readonly number[], mx: number, y: readonly number[], my: number): number =>
    x.reduce((sum, value, at) => sum + (value - mx) * ((y[at] as number) - my), 0);
  return (
    products(a, meanA, b, meanB) / Math.sqrt(products(a, meanA, a, meanA) * products(b, meanB, b, meanB))
  );
}

describe.each(Object.keys(sampleSets))('sample data of %s', (name) => {
  const short = { to: new Date('2026-03-06T00:00:00Z') };
  it('is the same bytes for the same seed, in one run or several, and others for another seed', () => {
    const whole = texts(name, short);
    expect(whole[0].length).toBeGreaterThan(1_000);
    const splits = ['2026-03-02T14:45:00Z', '2026-03-03T15:00:00Z', '2026-03-05T23:45:00Z'];
    expect(
      texts(
        name,
        short,
        splits.map((text) => new Date(text)),
      ),
    ).toEqual(whole);
    expect(texts(name, { ...short, seed: 2 })[0]).not.toBe(whole[0]);
  });
  it('lies in its range of time and fits the columns of its tables', () => {
    const whole = texts(name, short);
    setOf(name).tables.forEach((table, at) => {
      const rows = rowsOf(whole[at] as string);
      const odd = rows.filter(
        (row) =>
          row.length !== table.columnNames.length ||
          (row[0] as string) < range.from.toISOString() ||
          (row[0] as string) >= short.to.toISOString(),
      );
      expect({ table: table.name, odd }).toEqual({ table: table.name, odd: [] });
    });
  });
});

describe('readings', () => {
  const rows = rowsOf(texts('iot')[0]);

  it.each([
    ['temperature', 2, 15, 35],
    ['humidity', 3, 30, 80],
    ['pressure', 4, 980, 1020],
  ])('keep %s in its range, with two decimals, outliers included', (_, at, low, high) => {
    for (const values of [rows, rowsOf(texts('iot', { outliers: 0.2 })[0])].map((each) =>
      each.map((row) => row[at] ?? ''),
    )) {
      expect(values.filter((value) => !/^\d+\.\d\d$/.test(value))).toEqual([]);
      const out = values.map(Number).filter((value) => value < low || value > high);
      expect(out).toEqual([]);
      expect(new Set(values).size).toBeGreaterThan(100);
    }
  });

  it('come in time order, one per sensor and instant, up to before the end', () => {
    const expected = Array.from({ length: 30 * 96 }, (_, at) =>
      new Date(range.from.getTime() + at * 900_000).toISOString(),
    ).flatMap((time) => [0, 1, 2, 3].map((sensor) => `${time} ${sensorId(sensor)}`));
    expect(rows.map(([time, sensor]) => `${time} ${sensor}`)).toEqual(expected);
  });

  it('follow the day and the year', () => {
    const year = { to: new Date('2027-03-01T00:00:00Z'), intervalSeconds: 10_800, series: 1 };
    const readings = rowsOf(texts('iot', year)[0]);
    const times = readings.map(([time = '']) => Date.parse(time));
    const temperatures = readings.map((row) => Number(row[2]));
    const wave = (period: number, peak: number): number[] =>
      times.map((time) => Math.cos(((time - peak) / period) * 2 * Math.PI));
    const day = correlation(temperatures, wave(86_400_000, 14 * 3_600_000));
    const warmest = Date.parse('2026-07-20T00:00:00Z');
    const season = correlation(temperatures, wave(365.25 * 86_400_000, warmest));
    expect(day).toBeGreaterThan(0.7);
    expect(season).toBeGreaterThan(0.4);
  });

  it('have noise that remembers: after an hour of two about exp(-1/2) of it is left', () => {
    const readings = rowsOf(texts('iot', { series: 1, to: new Date('2026-05-30T00:00:00Z') })[0]);
    const values = readings.map((row) => Number(row[2]));
    // Without the mean of the time of day, and the slow rest of a week around.
    const flat = values.map((value, at) => {
      const sameTime = DAYS_AROUND.flatMap((day) => values[at + day * 96] ?? []);
      return value - mean(sameTime);
    });
    const lag = (steps: number): number => correlation(flat.slice(steps), flat.slice(0, -steps));
    expect(Math.abs(lag(4) - Math.exp(-0.5))).toBeLessThan(0.08);
    expect(Math.abs(lag(48))).toBeLessThan(0.1);
  });

  it('differ from sensor to sensor', () => {
    const means = [0, 1, 2, 3].map((sensor) =>
      mean(rows.filter(([, id]) => id === sensorId(sensor)).map((row) => Number(row[2]))).toFixed(1),
    );
    expect(new Set(means).size).toBeGreaterThan(2);
  });

  it('are missing, and far out, as often as asked; the others stay as they are', () => {
    const clean = new Map(rows.map(([time, id, ...values]) => [`${time} ${id}`, values.join()]));
    const some = rowsOf(texts('iot', { gaps: 0.1 })[0]);
    expect(Math.abs(1 - some.length / rows.length - 0.1)).toBeLessThan(0.03);
    expect(some.filter(([time, id, ...values]) => clean.get(`${time} ${id}`) !== values.join())).toEqual([]);
    const odd = rowsOf(texts('iot', { outliers: 0.05 })[0]).filter(
      ([time, id, ...values]) => clean.get(`${time} ${id}`) !== values.join(),
    );
    expect(Math.abs(odd.length / rows.length - 0.05)).toBeLessThan(0.01);
    expect(texts('iot', { outliers: 0.05 })[1]).not.toBe('');
  });

  it('are made in batches: a thousand years cost nothing until they are read', () => {
    const set = setOf('iot');
    const steps = batches(set, set.begin(options), options, {
      ...range,
      to: new Date('3026-01-01T00:00:00Z'),
    });
    const [first] = (steps.next().value as { lines: Lines }).lines;
    expect(first.length).toBeLessThan(2_000_000);
  });

  it('are none in an empty range', () => {
    expect(texts('iot', { to: range.from })).toEqual(noLines());
    expect(stepCount({ ...range, to: new Date(0) }, 900)).toBe(0);
    expect(stepCount({ ...range, to: new Date(range.from.getTime() + 1) }, 900)).toBe(1);
  });
});

it('trades on weekdays in the hours of the exchange, each bar from where the last one closed', () => {
  const rows = rowsOf(texts('market', { series: 1 })[0]);
  const wrong = rows.filter(([time = '']) => {
    const at = new Date(time);
    const hour = at.getUTCHours() + at.getUTCMinutes() / 60;
    return at.getUTCDay() % 6 === 0 || hour < 14.5 || hour >= 21;
  });
  expect(wrong).toEqual([]);
  expect(rows.slice(1).map((row) => row[2])).toEqual(rows.slice(0, -1).map((row) => row[5]));
  const bad = rows.filter(([, , ...values]) => {
    const [open = 0, high = 0, low = 0, close = 0] = values.map(Number);
    return high < Math.max(open, close) || low > Math.min(open, close);
  });
  expect(bad).toEqual([]);
});
