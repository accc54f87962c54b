// 200,000 irregular rows with late, duplicate and missing values around changes of clocks, in a table with aggregates; for the oracle test.
import { continuousAggregate } from '../../../db/language/aggregate';
import { bigint, float8, text, timestamptz } from '../../../db/language/columns';
import { desiredFrom } from '../../../db/language/desired';
import { count, first, last, max, min, percentile, stddev, sum } from '../../../db/language/expressions';
import { hypertable } from '../../../db/language/hypertable';
import { desc, index } from '../../../db/language/indexes';
import { rollup } from '../../../db/language/rollup';
import { schemaSet } from '../../../db/language/schema-set';
import type { Template } from '../../../db/local/test-servers';
import { service } from '../../../db/schema/service';
import { appliedSchema } from '../../../db/testing/apply';
import { runSql } from '../../testing/fixture';
import { randomNumbers } from '../../testing/random';
import { refreshEvery } from './data';

const samples = hypertable('oracle.samples', {
  columns: { time: timestamptz().notNull(), device: text().notNull(), value: float8(), counter: bigint() },
  time: 'time',
  chunkInterval: '30 days',
  indexes: [index('device', desc('time'))],
});
const refresh = { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' } as const;
const quarters = continuousAggregate('oracle.samples_quarters', {
  from: samples,
  bucket: '15 minutes',
  groupBy: ['device'],
  select: {
    rows: count(),
    min_value: min('value'),
    max_value: max('value'),
    sum_value: sum('value'),
    count_value: count('value'),
    first_value: first('value', 'time'),
    last_value: last('value', 'time'),
    median_value: percentile(0.5, 'value'),
    stddev_value: stddev('value'),
  },
  realTime: true,
  refresh,
});
const hours = rollup('oracle.samples_hours', {
  from: quarters,
  bucket: '1 hour',
  columns: ['rows', 'min_value', 'max_value', 'sum_value', 'count_value', 'first_value', 'last_value'],
  refresh,
});
const days = rollup('oracle.samples_days', {
  from: hours,
  bucket: '1 day',
  refresh: { ...refresh, startOffset: '7 days' },
});

/** The declared table and its aggregates. */
export const oracleSchema = desiredFrom([schemaSet('oracle', [samples, quarters, hours, days]), service]);

/** A row; its time is in microseconds since 1970. */
export interface Sample {
  readonly time: number;
  readonly device: string;
  readonly value: number | null;
  readonly counter: number | null;
}

const DAY = 86_400_000;

/** Stretches with rows, in milliseconds since 1970. */
export const STRETCHES = [
  // The clocks of St John's go back at one minute past midnight.
  [Date.UTC(2010, 10, 1), Date.UTC(2010, 10, 15)],
  // Apia has no 30 December.
  [Date.UTC(2011, 11, 20), Date.UTC(2012, 0, 10)],
  // Clocks go forward in Berlin and St John's, and back in São Paulo and on Lord Howe.
  [Date.UTC(2018, 1, 10), Date.UTC(2018, 3, 15)],
  // The other way round; midnight does not exist in São Paulo.
  [Date.UTC(2018, 9, 1), Date.UTC(2018, 10, 15)],
] as const;

export const DEVICES = ['a', 'b', "c'd", 'e f'];
export const COUNT = 200_000;

/** The rows in order of time; rows of the same time and device in any. */
export const oracleRows: readonly Sample[] = rowsOf();

function rowsOf(): readonly Sample[] {
  const random = randomNumbers(14);
  const total = STRETCHES.reduce((sum, [from, to]) => sum + to - from, 0);
  const made: Sample[] = [];
  const counters = new Map(DEVICES.map((device) => [device, 1e6 * random()]));
  for (const [from, to] of STRETCHES) {
    const some = Math.ceil((COUNT * (to - from)) / total);
    const times = Array.from({ length: some }, () => Math.floor((from + random() * (to - from)) * 1_000));
    // No device has a sample for a day and a half in the middle of each stretch.
    const quiet = (time: number): boolean => Math.abs(time / 1_000 - (from + to) / 2) < 0.75 * DAY;
    for (const time of times.sort((a, b) => a - b)) {
      const device = DEVICES[Math.floor(random() ** 2 * DEVICES.length)] ?? 'a';
      const counter = (counters.get(device) ?? 0) * (random() < 0.002 ? random() : 1) + 50 * random();
      counters.set(device, Math.floor(counter));
      const row = {
        time,
        device,
        value: quiet(time) || random() < 0.05 ? null : 20 + 15 * Math.sin(time / 1e10) + 40 * random() ** 3,
        counter: quiet(time) || random() < 0.05 ? null : Math.floor(counter),
      };
      made.push(row);
      // Sent twice; or twice with other values, or at the same microsecond.
      if (random() < 0.01) made.push(row);
      if (random() < 0.01) made.push({ ...row, value: 100 * random(), counter: (row.counter ?? 0) + 3 });
    }
  }
  return made.slice(0, COUNT);
}

/** The table with the rows: most of them are stored in the aggregates, some arrive late, and the newest are only in the table. */
export const oracleContent: Template = {
  key: ['oracle', COUNT],
  base: appliedSchema(oracleSchema),
  build: async (url) => {
    const stored = Date.UTC(2018, 10, 5);
    const isNew = ({ time }: Sample): boolean => time >= stored * 1_000;
    const isLate = (_: Sample, at: number): boolean => at % 17 === 3;
    await insert(
      url,
      oracleRows.filter((row, at) => !isNew(row) && !isLate(row, at)),
    );
    await refreshEvery(url, oracleSchema, stored - 1);
    await insert(
      url,
      oracleRows.filter((row, at) => !isNew(row) && isLate(row, at)),
    );
    await refreshEvery(url, oracleSchema, stored - 1);
    await insert(url, oracleRows.filter(isNew));
  },
};

async function insert(url: string, rows: readonly Sample[]): Promise<void> {
  await runSql(
    url,
    `INSERT INTO oracle.samples SELECT timestamptz 'epoch' + t * interval '1 microsecond', d, v, c
       FROM unnest($1::bigint[], $2::text[], $3::float8[], $4::bigint[]) r (t, d, v, c)`,
    [
      rows.map(({ time }) => time),
      rows.map(({ device }) => device),
      rows.map(({ value }) => value),
      rows.map(({ counter }) => counter),
    ],
  );
}
