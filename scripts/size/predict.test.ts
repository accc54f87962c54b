// Predictions beside independent arithmetic, and the simulation that shows where each design ends.
import { desiredFrom } from '../../db/language/desired';
import { iot, sensorData } from '../../db/schema/iot';
import { CHUNK_SHARE, chunkBytes, fittingChunk, locksFor } from './chunks';
import { measuredConstants } from './constants';
import { diskOf } from './disk';
import { climb } from './ladder';
import { highestRate, longestKeep } from './limits';
import { LARGEST } from './machines';
import { DESIGNS, predict } from './predict';
import { coresFor, rowWork, storingWork } from './processors';
import { exactly } from './range';
import { roundConstants, roundWorkload } from './testing/sized';
import { sizedTable, type Workload } from './workload';

const DAY = 86_400;
const ROWS_PER_DAY = 1_000 * DAY;

const partsOf = (engine: (typeof DESIGNS)[number]): Record<string, number> =>
  Object.fromEntries(
    diskOf(roundWorkload, engine, DAY, roundConstants).parts.map(({ name, bytes }) => [name, bytes.likely]),
  );

/** 1,000 series × 24 buckets × 100 days of 250 bytes. */
const AGGREGATE = 1_000 * 24 * 100 * 250;
const LOG = 200 * 5_400 * 1_000;
const CHUNK = 100 * ROWS_PER_DAY;

describe('disk', () => {
  it('has all rows with their indexes on one PostgreSQL, a chunk longer than they are kept', () => {
    expect(partsOf('postgres')).toEqual({
      rows: 60 * 31 * ROWS_PER_DAY,
      indexes: 40 * 31 * ROWS_PER_DAY,
      aggregates: AGGREGATE,
      'write-ahead log': LOG,
      'free for rebuilds': CHUNK + AGGREGATE,
    });
  });

  it('has the old rows in the columnstore of TimescaleDB, and in columnar tables of Citus', () => {
    const newest = { rows: 60 * 8 * ROWS_PER_DAY, indexes: 40 * 8 * ROWS_PER_DAY };
    expect(partsOf('timescaledb')).toMatchObject({ ...newest, columnstore: 10 * 23 * ROWS_PER_DAY });
    expect(partsOf('citus')).toMatchObject({ ...newest, columnstore: 50 * 23 * ROWS_PER_DAY });
  });

  it('is ordered so that four fifths of it are used', () => {
    const { used, ordered } = diskOf(roundWorkload, 'postgres', DAY, roundConstants);
    expect(used.likely).toBeCloseTo(31 * CHUNK + AGGREGATE + LOG + CHUNK + AGGREGATE, -3);
    expect(ordered.likely / used.likely).toBeCloseTo(1.25, 9);
  });

  it('has one row for each bucket that has a reading, when series report less often than that', () => {
    const slow: Workload = { ...roundWorkload, rowsPerSecond: 0.1 };
    const { parts } = diskOf(slow, 'postgres', DAY, roundConstants);
    // 360 readings an hour of 1,000 series.
    expect(parts.find(({ name }) => name === 'aggregates')?.bytes.likely).toBeCloseTo(
      360 * 24 * 100 * 250,
      3,
    );
  });

  it('keeps nothing apart when rows are dropped before they would be converted', () => {
    const short: Workload = { ...roundWorkload, keep: 3 * DAY };
    const parts = diskOf(short, 'timescaledb', DAY, roundConstants).parts;
    expect(parts.find(({ name }) => name === 'columnstore')?.bytes).toEqual(exactly(0));
    expect(parts.find(({ name }) => name === 'rows')?.bytes.likely).toBe(60 * 4 * ROWS_PER_DAY);
  });
});

describe('processors', () => {
  it('compute a row once on TimescaleDB, and as often as the window is refreshed in the emulation', () => {
    const micros = (engine: (typeof DESIGNS)[number]): number =>
      storingWork(rowWork(roundWorkload, engine, roundConstants)).likely;
    expect(micros('timescaledb')).toBe(4 + 1 + 1);
    expect(micros('postgres')).toBe(4 + 1 + 23 * 2);
    expect(micros('citus')).toBe(4 + 1 + 23 * 2 + 1);
  });

  it('are half free', () => {
    // 100,000 rows of 5 µs take half a second in every second.
    expect(coresFor(exactly(5), 100_000)).toEqual({ low: 0.5, likely: 1, high: 2 });
  });
});

describe('chunks', () => {
  it('stay as declared while a quarter of the memory holds the newest one', () => {
    // 8.64 GB a day.
    expect(chunkBytes(roundWorkload, DAY).likely).toBe(8_640_000_000);
    expect(fittingChunk(roundWorkload, 8_640_000_000 / CHUNK_SHARE, 1)).toBe(DAY);
    expect(fittingChunk(roundWorkload, 8_639_999_999 / CHUNK_SHARE, 1)).toBe(DAY / 2);
    expect(fittingChunk(roundWorkload, 8_639_999_999 / CHUNK_SHARE, 0.5)).toBe(DAY);
    expect(fittingChunk(roundWorkload, 1_000, 1)).toBeUndefined();
  });

  it('are not made shorter than ten thousand of them are', () => {
    const long: Workload = { ...roundWorkload, keep: 10 * 365 * DAY };
    expect(fittingChunk(long, 2e9, 1)).toBeUndefined();
  });

  it('are locked with their indexes, and with their second table in the columnstore', () => {
    expect(locksFor(roundWorkload, DAY)).toEqual({ locks: 32 * (1 + 2 + 2), setting: 512 });
    const plain: Workload = {
      ...roundWorkload,
      keep: 30_000 * DAY,
      table: { ...roundWorkload.table, convertAfter: null },
    };
    expect(locksFor(plain, DAY)).toEqual({
      locks: 30_002 * 3,
      setting: Math.ceil((30_002 * 3 * 1.25) / 100),
    });
  });
});

describe('a design', () => {
  it('is one server while that carries it, and the smallest one', () => {
    // 6 µs × 1,000 rows, twice: 0.012 cores. 8.64 GB × 4 needs 34.6 GB, or chunks of 6 hours in 8.6 GB, or of 3 hours in 4.3 GB.
    expect(predict(roundWorkload, 'timescaledb', roundConstants)).toMatchObject({
      chunk: DAY / 8,
      verdict: {
        kind: 'fits',
        servers: 1,
        each: { cores: 2, memory: 8e9, disk: 0.128e12 },
        coordinator: null,
      },
    });
  });

  it('of Citus has a coordinator and workers, of which the fullest has a fifth more rows than the mean', () => {
    const { verdict, disk } = predict(roundWorkload, 'citus', roundConstants);
    expect(verdict).toMatchObject({ kind: 'fits', servers: 2, coordinator: { cores: 2 }, notes: [] });
    const each = verdict.kind === 'fits' ? verdict.each.disk : 0;
    expect(each).toBeGreaterThanOrEqual((disk.ordered.likely * 1.2) / 2);
  });

  it('of one server ends, and says of what there is too little', () => {
    const { verdict } = predict({ ...roundWorkload, rowsPerSecond: 1e7 }, 'timescaledb', roundConstants);
    expect(verdict).toMatchObject({ kind: 'ends' });
    const reasons = verdict.kind === 'ends' ? verdict.reasons : [];
    expect(reasons.map(({ what }) => what)).toEqual(['processors', 'memory', 'disk']);
    for (const { needed, largest } of reasons) expect(needed).toBeGreaterThan(largest);
  });

  it('never needs less for more rows, nor for rows that are kept longer', () => {
    const rates = [1, 100, 10_000, 1e6].map((rowsPerSecond) => ({ ...roundWorkload, rowsPerSecond }));
    for (const engine of DESIGNS) {
      const needs = rates.map((one) => predict(one, engine, roundConstants));
      for (const [at, one] of needs.slice(1).entries()) {
        expect(one.cores.likely).toBeGreaterThan(needs[at]?.cores.likely ?? 0);
        expect(one.log.likely).toBeGreaterThan(needs[at]?.log.likely ?? 0);
      }
    }
  });
});

describe('limits', () => {
  it.each(DESIGNS)('of %s are where the prediction itself turns', (engine) => {
    const { at, reasons } = highestRate(roundWorkload, engine, roundConstants);
    const kindAt = (rowsPerSecond: number): string =>
      predict({ ...roundWorkload, rowsPerSecond, series: rowsPerSecond }, engine, roundConstants).verdict
        .kind;
    expect(reasons.length).toBeGreaterThan(0);
    expect([kindAt(at), kindAt(at * 1.01)]).toEqual(['fits', 'ends']);
    const keep = longestKeep(roundWorkload, engine, roundConstants);
    const keptAt = (hours: number): string =>
      predict({ ...roundWorkload, keep: hours * 3_600 }, engine, roundConstants).verdict.kind;
    expect([keptAt(keep.at), keptAt(keep.at * 1.01 + 2)]).toEqual(['fits', 'ends']);
  });
});

describe('the simulation of 10⁶ rows per second and 100 TB', () => {
  const constants = measuredConstants;
  const workload = (days: number): Workload => ({
    rowsPerSecond: 1e6,
    keep: days * DAY,
    series: 1e6,
    table: sizedTable(sensorData, desiredFrom([iot])),
  });

  it('ends on one server of either kind, and goes on with Citus', () => {
    const { steps } = climb(workload(7), constants);
    expect(steps.map(({ rowsPerSecond }) => rowsPerSecond)).toEqual([1e3, 1e4, 1e5, 1e6]);
    const kinds = steps.map(({ verdicts }) => verdicts.map(({ kind }) => kind));
    expect(kinds[0]).toEqual(['fits', 'fits', 'fits']);
    expect(kinds[3]).toEqual(['ends', 'ends', 'fits']);
    // A million rows a second fill 100 TB with rows in a week.
    expect(steps[3]?.asRows).toBeGreaterThan(80e12);
    expect(steps[3]?.asRows).toBeLessThan(130e12);
  });

  it('puts the end of TimescaleDB above that of PostgreSQL, and that of Citus above both', () => {
    const ends = DESIGNS.map((engine) => highestRate(workload(90), engine, constants).at);
    expect([...ends].sort((a, b) => a - b)).toEqual(ends);
    expect(ends[0]).toBeLessThan(1e5);
    expect(ends[2]).toBeGreaterThan(1e6);
  });

  it('has enough workers for the disk, counted by hand', () => {
    const { disk, verdict } = predict(workload(90), 'citus', constants);
    const least = Math.ceil((disk.ordered.likely * 1.2) / LARGEST.disk);
    expect(verdict).toMatchObject({ kind: 'fits' });
    expect(verdict.kind === 'fits' && verdict.servers).toBeGreaterThanOrEqual(least);
  });
});
