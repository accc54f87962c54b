// Series against figures that are computed independently: every function, bucket and zone, from rows and from aggregates.
import { createTestDatabase, testServers } from '../../../db/local/test-servers';
import { buildApp } from '../../app';
import { readConfig } from '../../config';
import { openDatabase } from '../../database/database';
import { forSuite } from '../../testing/for-suite';
import { figure, position, seriesOf, starts, type Width } from '../testing/oracle';
import { COUNT, DEVICES, oracleContent, oracleRows, oracleSchema, STRETCHES } from '../testing/oracle-data';
import { type Parameters, queryOf } from '../testing/ten-days';

const MINUTE = 60_000;
const BUCKETS: readonly (readonly [string, Width])[] = [
  ['1m', { minutes: 1 }],
  ['7m', { minutes: 7 }],
  ['15m', { minutes: 15 }],
  ['1h', { minutes: 60 }],
  ['2h', { minutes: 120 }],
  ['6h', { minutes: 360 }],
  ['1d', { minutes: 1_440 }],
  ['1w', { minutes: 10_080 }],
  ['1mo', { months: 1 }],
  ['1y', { months: 12 }],
];
/** Zones, and changes of their clocks. */
const ZONES: readonly (readonly [string, ...string[]])[] = [
  ['UTC', '2018-03-14T00:00:00Z', '2018-10-20T00:00:00Z'],
  ['Europe/Berlin', '2018-03-25T01:00:00Z', '2018-10-28T01:00:00Z'],
  ['America/St_Johns', '2010-11-07T02:31:00Z', '2018-03-11T05:30:00Z', '2018-11-04T04:30:00Z'],
  ['Asia/Kathmandu', '2018-03-14T00:00:00Z', '2011-12-31T18:15:00Z'],
  ['Australia/Lord_Howe', '2018-03-31T15:00:00Z', '2018-10-06T15:30:00Z'],
  ['America/Sao_Paulo', '2018-02-18T02:00:00Z', '2018-11-04T03:00:00Z'],
  ['Pacific/Apia', '2011-12-30T10:00:00Z', '2018-03-31T14:00:00Z'],
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
  const round = Math.floor(at / BUCKETS.length);
  const [bucket, width] = BUCKETS[at % BUCKETS.length] ?? ['1d', { minutes: 1_440 }];
  const [zone, ...changes] = ZONES[at % ZONES.length] ?? ['UTC'];
  const fields = FIELDS[(at + round) % FIELDS.length] ?? [];
  const change = Date.parse(changes[round % changes.length] ?? '');
  const [first, last] = STRETCHES.find(([from, to]) => from < change && change < to) ?? [0, 0];
  // About so many buckets on both sides of the change; the ends lie anywhere in a bucket.
  const reach = ('months' in width ? width.months * 31 * 1_440 : width.minutes) * 60 * MINUTE;
  const from = Math.max(first, change - reach - 17 * MINUTE);
  return {
    bucket,
    width,
    zone,
    fields,
    by: at % 4 !== 3,
    from,
    to: Math.min(last, change + reach + 13 * MINUTE),
  };
});

type Question = (typeof QUESTIONS)[number];

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
    for (const question of QUESTIONS) {
      const { bucket, zone, fields, by, from, to } = question;
      const range = { from: new Date(from).toISOString(), to: new Date(to).toISOString() };
      const chosen = by ? { by: 'device' } : { where: `device='c''d'` };
      const asked = { field: fields.join(','), bucket, tz: zone, ...range, ...chosen };
      const { status, body } = await api.get(asked);
      expect([asked, status, body.detail]).toEqual([asked, 200, undefined]);
      sources.set(body.source, (sources.get(body.source) ?? 0) + 1);
      const rows = expectedOf(question);
      if (body.data.length !== rows.length) wrong.push([asked, body.data.length, rows.length]);
      for (const [index, { time, device, figures }] of rows.entries()) {
        const row = body.data[index] ?? {};
        const isRow = Date.parse(row.time) === Date.parse(time) && (!by || row.device === device);
        if (!isRow) wrong.push([asked, time, device, row]);
        for (const [at, field] of fields.entries()) {
          const name = field === 'count(*)' ? 'count' : field.replace('(', '_').replace(')', '');
          const right = figures[at] ?? [];
          compared += 1;
          if (!right.some((one) => same(one, row[name])))
            wrong.push([bucket, zone, time, device, body.source, field, row[name], right]);
        }
      }
    }
    expect(wrong.slice(0, 10)).toEqual([]);
    expect(compared).toBeGreaterThan(20_000);
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

interface Expected {
  readonly time: string;
  readonly device: string;
  /** For each field the values that are right. */
  readonly figures: readonly ReturnType<typeof figure>[];
}

// Both engines are asked the same questions.
const known = new Map<Question, readonly Expected[]>();

/** The rows of an answer, in order of time and series. */
function expectedOf(question: Question): readonly Expected[] {
  const { width, zone, fields, by, from, to } = question;
  const found = known.get(question);
  if (found !== undefined) return found;
  const edges = starts(width, zone, from, to);
  const rows = edges.slice(0, -1).flatMap((begin, index) => {
    const [start, end] = [begin * 1_000, (edges[index + 1] ?? begin) * 1_000];
    return [...series].flatMap(([device, one]) => {
      const [first, last] = [position(one.rows, start), position(one.rows, end)];
      if (first === last || !(by || device === "c'd")) return [];
      const group = { series: one, rows: one.rows.slice(first, last), start, end };
      const figures = fields.map((field) => figure(field, group));
      return [{ time: new Date(begin).toISOString(), device, figures }];
    });
  });
  known.set(question, rows);
  return rows;
}
