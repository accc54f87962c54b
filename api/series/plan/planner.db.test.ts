// Whatever is asked, the answer from an aggregate equals the one from the rows.
import fc from 'fast-check';
import { desiredFrom } from '../../../db/language/desired';
import { testServers } from '../../../db/local/test-servers';
import { selectSets } from '../../../db/schema/sets';
import { query } from '../../database/query';
import { seriesTables } from '../../database/tables';
import { parseWidth } from '../../http/durations';
import { startApi } from '../../testing/api-under-test';
import { forSuite } from '../../testing/for-suite';
import type { AnswerRow } from '../queries/fill';
import { bucketQuery } from '../queries/rows-and-buckets';
import { parseFields } from '../request/fields';
import { boundColumns, filteredColumns, parseFilters } from '../request/filters';
import { SEEDED_AT as now, seedSeries } from '../testing/data';
import { type Plan, planBuckets } from './planner';
import type { Question } from './sources';

const SETS = 'iot,market,apm,service';
const desired = desiredFrom(selectSets(SETS));

interface Case {
  readonly table: string;
  readonly fields: readonly string[];
  readonly by: readonly string[];
  readonly where: readonly string[];
  readonly buckets: readonly string[];
}

const CASES: readonly Case[] = [
  {
    table: 'sensor_data',
    fields: [
      'avg(temperature)',
      'min(temperature)',
      'max(temperature)',
      'sum(humidity)',
      'avg(humidity)',
      'count(humidity)',
      'count(*)',
      'count(sensor_id)',
      'stddev(temperature)',
      'median(temperature)',
    ],
    by: ['sensor_id'],
    where: [
      'sensor_id=sensor_001',
      'sensor_id in ["sensor_002","sensor_004"]',
      'sensor_id>=sensor_003',
      'temperature>0',
    ],
    buckets: ['30m', '1h', '3h', '7h', '1d', '36h', '3d', '1w', '1mo', '3mo', '1y'],
  },
  {
    table: 'apm.apm_metrics',
    fields: [
      'avg(response_time_ms)',
      'max(response_time_ms)',
      'min(response_time_ms)',
      'sum(response_time_ms)',
      'count(response_time_ms)',
      'count(*)',
    ],
    by: ['service_name', 'endpoint'],
    where: ['service_name=shop', 'endpoint!=/a', 'status_code>=500'],
    buckets: ['1m', '5m', '15m', '1h', '90m', '1d', '1w', '1mo'],
  },
  {
    table: 'market.stock_prices',
    fields: ['first(open)', 'last(close)', 'max(high)', 'min(low)', 'sum(volume)', 'avg(close)'],
    by: ['symbol'],
    where: ['symbol=AAPL', 'symbol in ["IBM","MSFT"]', 'symbol<>IBM'],
    buckets: ['6h', '1d', '2d', '1w', '1mo', '1y'],
  },
];

describe.each(testServers())('routing on $describe', (server) => {
  const api = forSuite(() => startApi(server, { env: { TSDB_SCHEMAS: SETS } }));
  const tables = seriesTables(desired);

  beforeAll(async () => {
    await seedSeries(api.url, desired);
  });

  it.each(CASES)('answers questions about $table from aggregates as from the rows', async (given) => {
    const table = tables.get(given.table);
    if (!table) throw new Error(`no ${given.table}`);
    const sources = new Set<string>();
    let compared = 0;
    const part = <T>(values: readonly T[]) => fc.subarray([...values]);
    const question = fc.record({
      fields: fc.subarray([...given.fields], { minLength: 1, maxLength: 3 }),
      by: part(given.by),
      where: fc.subarray([...given.where], { maxLength: 1 }),
      bucket: fc.constantFrom(...given.buckets),
      back: fc.integer({ min: 1, max: 70 * 24 * 60 }),
      length: fc.integer({ min: 1, max: 70 * 24 * 60 }),
    });
    await fc.assert(
      fc.asyncProperty(question, async ({ fields, by, where, bucket, back, length }) => {
        const found = parseFields(table.hypertable, fields.join(','));
        const filters = parseFilters(table.hypertable, where);
        const asked: Question = {
          table,
          figures: found.flatMap(({ figure }) => figure ?? []),
          by,
          filtered: filteredColumns(filters),
          bound: boundColumns(filters),
        };
        const from = BigInt(now - back * 60_000) * 1_000n;
        const range = { from, to: from + BigInt(length) * 60_000_000n };
        const instant = BigInt(now) * 1_000n;
        const width = parseWidth('bucket', bucket);
        const plan = planBuckets(asked, width, range, instant);
        const raw = planBuckets({ ...asked, table: { ...table, aggregates: [] } }, width, range, instant);
        sources.add(plan.relation.name);
        const rows = (which: Plan) => {
          const { sql, values } = bucketQuery(which, {
            engine: server.engine,
            by,
            filters,
            fields: found,
            limit: 100_000,
          });
          return query<AnswerRow>(api.pool, sql, values);
        };
        const answer = await rows(plan);
        expectSame(answer, await rows(raw));
        if (plan.relation.kind === 'aggregate') compared += answer.length;
      }),
      { numRuns: 80, seed: 7 },
    );
    // Every aggregate was asked, and so were the rows: otherwise nothing was compared.
    const expected = [given.table, ...table.aggregates.map(({ name }) => name)].map((name) =>
      name.replace(/^.*\./, ''),
    );
    expect(compared).toBeGreaterThan(300);
    expect([...sources].sort()).toEqual(expected.filter((name) => name !== 'peak_hours').sort());
  });
});

/** Equal rows; figures may differ in the last digits, as sums depend on the order of what is added. */
function expectSame(actual: readonly AnswerRow[], expected: readonly AnswerRow[]): void {
  expect(actual.length).toBe(expected.length);
  for (const [at, row] of expected.entries()) {
    const other = actual[at] ?? {};
    expect(Object.keys(other)).toEqual(Object.keys(row));
    for (const [name, value] of Object.entries(row)) {
      if (typeof value !== 'number') expect([name, other[name]]).toEqual([name, value]);
      else {
        expect([name, typeof other[name]]).toEqual([name, 'number']);
        const difference = Math.abs((other[name] as number) - value);
        expect(difference).toBeLessThanOrEqual(1e-9 * Math.max(1, Math.abs(value)));
      }
    }
  }
}
