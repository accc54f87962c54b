// Series against figures that are computed independently: every function, bucket and zone, from rows and from aggregates.
import { createTestDatabase, testServers } from '../../../db/local/test-servers';
import { buildApp } from '../../app';
import { readConfig } from '../../config';
import { openDatabase } from '../../database/database';
import { forSuite } from '../../testing/for-suite';
import { figure, type Group, position, seriesOf, starts, type Width } from '../testing/oracle';
import { COUNT, DEVICES, oracleContent, oracleRows, oracleSchema, STRETCHES } from '../testing/oracle-data';
import { type Parameters, queryOf } from '../testing/ten-days';

const DAY = 86_400_000;
const BUCKETS: readonly (readonly [string, Width])[] = [
  ['1m', { minutes: 1 }],
  ['7m', { minutes: 7 }],
  ['15m', { minutes: 15 }],
  ['1h', { minutes: 60 }],
  ['2h', { minutes: 120 }],
  ['6h', { minutes: 360 }],
  ['1d', { minutes: 1_440 }],
  ['36h', { minutes: 2_160 }],
  ['1w', { minutes: 10_080 }],
  ['1mo', { months: 1 }],
  ['3mo', { months: 3 }],
  ['1y', { months: 12 }],
];
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/St_Johns',
  'Asia/Kathmandu',
  'Australia/Lord_Howe',
  'America/Sao_Paulo',
  'Pacific/Apia',
];
const FIELDS = [
  // From an aggregate where its buckets allow it.
  ['avg(value)', 'min(value)', 'max(value)', 'sum(value)', 'count(value)', 'count(*)'],
  ['first(value)', 'last(value)', 'count(*)'],
  ['median(value)', 'stddev(value)', 'min(value)'],
  // From the rows.
  ['distinct(counter)', 'p90(value)', 'p05(counter)', 'sum(counter)', 'avg(counter)'],
  [
    'rate(counter)',
    'increase(counter)',
    'delta(value)',
    'twa(value)',
    'twa(counter)',
    'count(*)',
    'max(value)',
  ],
];

/** Questions in which every bucket meets every zone and all fields, and every zone meets all fields. */
const QUESTIONS = Array.from({ length: BUCKETS.length * ZONES.length }, (_, at) => {
  const [bucket, width] = BUCKETS[at % BUCKETS.length] ?? ['1d', { minutes: 1_440 }];
  const zone = ZONES[at % ZONES.length] ?? 'UTC';
  const fields = FIELDS[at % FIELDS.length] ?? [];
  const [from, to] = STRETCHES[Math.floor(at / 5) % STRETCHES.length] ?? [0, 0];
  const most = 'months' in width ? 400 : Math.min(400, (width.minutes / 1_440) * 1_500);
  // Short buckets only around the middle, or there would be too many.
  const cut = Math.max(0, (to - from - most * DAY) / 2);
  const begin = from + cut + 5 * 3_600_000 * (at % 3);
  return { bucket, width, zone, fields, by: at % 4 !== 3, from: begin, to: Math.max(begin + DAY, to - cut) };
});

describe.each(testServers())('oracle on $describe', (server) => {
  const api = forSuite(async () => {
    const test = await createTestDatabase(server, oracleContent);
    const env = { DATABASE_URL: test.url, TSDB_POOL_SIZE: '2', TSDB_MAX_ROWS: '1000000' };
    const config = { ...readConfig(env), desired: oracleSchema };
    const database = openDatabase(config);
    const app = buildApp({ database, config, isShuttingDown: () => false });
    const get = async (parameters: Parameters) => {
      const answer = await app.inject(`/api/series/oracle.samples?${queryOf(parameters)}`);
      return { status: answer.statusCode, body: answer.json() };
    };
    const stop = async () => {
      await app.close();
      await database.end();
      await test.drop();
    };
    return { get, stop };
  });

  it(`finds no wrong figure in ${QUESTIONS.length} answers about ${COUNT} rows`, async () => {
    const sources = new Map<string, number>();
    const wrong: unknown[] = [];
    let compared = 0;
    for (const { bucket, width, zone, fields, by, from, to } of QUESTIONS) {
      const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      const chosen = by ? { by: 'device' } : { where: `device='c''d'` };
      const asked = { field: fields.join(','), bucket, tz: zone, ...range, ...chosen };
      const { status, body } = await api.get(asked);
      expect([asked, status, body.detail]).toEqual([asked, 200, undefined]);
      sources.set(body.source, (sources.get(body.source) ?? 0) + 1);
      const expected = groupsOf(starts(width, zone, from, to), by ? DEVICES : ["c'd"]);
      if (body.data.length !== expected.length) wrong.push([asked, body.data.length, expected.length]);
      for (const [index, group] of expected.entries()) {
        const row = body.data[index] ?? {};
        const place = [bucket, zone, new Date(group.start / 1_000).toISOString(), group.rows[0]?.device];
        if (Date.parse(row.time) !== group.start / 1_000 || (by && row.device !== group.rows[0]?.device))
          wrong.push([place, row]);
        for (const field of fields) {
          const name = field === 'count(*)' ? 'count' : field.replace('(', '_').replace(')', '');
          const right = figure(field, group);
          compared += 1;
          if (!right.some((one) => same(one, row[name])))
            wrong.push([place, body.source, field, row[name], right]);
        }
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(compared).toBeGreaterThan(50_000);
    expect([...sources.keys()].sort()).toEqual([
      'oracle.samples',
      'oracle.samples_days',
      'oracle.samples_hours',
      'oracle.samples_quarters',
    ]);
  });
});

function same(right: number | string | null, found: unknown): boolean {
  if (typeof right !== 'number' || typeof found !== 'number') return right === found;
  return Math.abs(right - found) <= 1e-9 * Math.abs(right);
}

const series = new Map(
  [...DEVICES].sort().map((device) => [device, seriesOf(oracleRows.filter((row) => row.device === device))]),
);

/** The rows of each bucket and series, in order of time and series. */
function groupsOf(found: readonly number[], devices: readonly string[]): readonly Group[] {
  return found.slice(0, -1).flatMap((begin, index) => {
    const [start, end] = [begin * 1_000, (found[index + 1] ?? begin) * 1_000];
    return [...series].flatMap(([device, one]) => {
      const [first, last] = [position(one.rows, start), position(one.rows, end)];
      return first < last && devices.includes(device)
        ? [{ series: one, rows: one.rows.slice(first, last), start, end }]
        : [];
    });
  });
}
