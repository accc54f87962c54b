// Every way in gives the same verdict on every dangerous value, and what was taken breaks no figure.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../api/app';
import { tableSink } from '../../api/buffer/table-sink';
import { readConfig } from '../../api/config';
import { type Database, openDatabase } from '../../api/database/database';
import type { ApiApp } from '../../api/http/instance';
import { continuousAggregate } from '../../db/language/aggregate';
import {
  bigint,
  float8,
  integer,
  jsonb,
  numeric,
  real,
  smallint,
  text,
  timestamptz,
} from '../../db/language/columns';
import { desiredFrom } from '../../db/language/desired';
import { avg, count, max, min, minus, stddev, sum } from '../../db/language/expressions';
import { hypertable } from '../../db/language/hypertable';
import { index } from '../../db/language/indexes';
import { rollup } from '../../db/language/rollup';
import { schemaSet } from '../../db/language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { service } from '../../db/schema/service';
import { withConnection } from '../../db/server/connection';
import { appliedSchema, execute, select } from '../../db/testing/apply';
import { refreshAggregates } from '../../db/upkeep/refresh';
import { importRows } from './import';
import { plainOptions } from './testing/plain-options';

const doors = hypertable('doors', {
  columns: {
    time: timestamptz().notNull(),
    label: text().notNull(),
    id: text().notNull(),
    f: float8(),
    r: real(),
    n: numeric(),
    i: integer(),
    s: smallint(),
    b: bigint(),
    j: jsonb(),
    t: text(),
  },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [index('id', 'time')],
});
const NUMBERS = ['f', 'r', 'n', 'i', 's', 'b'] as const;
const hourly = continuousAggregate('doors_hourly', {
  from: doors,
  bucket: '1 hour',
  groupBy: ['id'],
  select: {
    rows: count(),
    ...Object.fromEntries(
      NUMBERS.flatMap((name) => [
        [`sum_${name}`, sum(name)],
        [`count_${name}`, count(name)],
        [`avg_${name}`, avg(name)],
        [`min_${name}`, min(name)],
        [`max_${name}`, max(name)],
      ]),
    ),
  },
  realTime: true,
  refresh: { startOffset: '5 days', endOffset: '1 hour', every: '1 hour' },
});
const daily = rollup('doors_daily', {
  from: hourly,
  bucket: '1 day',
  refresh: { startOffset: '5 days', endOffset: '1 day', every: '1 day' },
});
const spread = continuousAggregate('doors_spread', {
  from: doors,
  bucket: '1 day',
  groupBy: [],
  select: Object.fromEntries(
    NUMBERS.flatMap((name) => [
      [`sd_${name}`, stddev(name)],
      [`range_${name}`, minus(max(name), min(name))],
    ]),
  ),
  realTime: true,
  refresh: { startOffset: '5 days', endOffset: '1 day', every: '1 day' },
});
const desired = desiredFrom([schemaSet('doors', [doors, hourly, daily, spread]), service]);

/** A value, as each door has it; a door that has no form for it is left out. `stored` is what the column then holds; absent = refused. */
interface Case {
  readonly column: keyof typeof doors.columns;
  readonly json?: string;
  readonly csv?: string;
  readonly line?: string;
  /** For programs; a number unless it is given. */
  readonly value?: unknown;
  readonly stored?: string;
}
const number = (column: Case['column'], written: string, more: Partial<Case> = {}): Case => ({
  column,
  json: written,
  csv: written,
  line: written,
  value: Number(written),
  ...more,
});
/** A number that a program or a line has only as a whole one. */
const whole = (column: Case['column'], written: string, more: Partial<Case> = {}): Case =>
  number(column, written, { line: `${written}i`, value: BigInt(written), ...more });
const word = (column: Case['column'], written: string): Case => ({
  column,
  json: JSON.stringify(written),
  csv: written,
  line: written,
  value: Number(written),
});
const document = (json: string, stored?: string): Case => ({
  column: 'j',
  json,
  csv: `"${json.replaceAll('"', '""')}"`,
  ...(stored === undefined ? {} : { stored }),
});
const name = (id: string): Case => ({ column: 'id', json: JSON.stringify(id), csv: `"${id}"`, value: id });

const yesterday = new Date(Date.now() - 86_400_000).toISOString().slice(0, 10);
const CASES: readonly Case[] = [
  ...['1.7976931348623157e308', '-1.7e308', '1.1e140', '5e-324', '-9e-291'].flatMap((written) =>
    (['f', 'n'] as const).map((column) => number(column, written)),
  ),
  ...['1e400', '1e-400'].flatMap((written) =>
    (['f', 'r', 'n', 'i'] as const).map((column) => ({ column, json: written, csv: written, line: written })),
  ),
  ...['NaN', 'Infinity', '-Infinity', 'inf', 'nan'].flatMap((written) =>
    (['f', 'r', 'n'] as const).map((column) => word(column, written)),
  ),
  number('f', '1e140', { stored: '1e+140' }),
  number('f', '-1e140', { stored: '-1e+140' }),
  number('f', '1e-290', { stored: '1e-290' }),
  number('f', '0.1', { stored: '0.1' }),
  { column: 'f', json: '-0', csv: '-0', line: '-0', stored: '-0' },
  number('f', '9007199254740992', { stored: '9.007199254740992e+15' }),
  whole('f', '9007199254740993'),
  { column: 'f', json: '18446744073709551615', csv: '18446744073709551615', line: '18446744073709551615u' },
  { column: 'f', csv: '0x1p-1074' },
  { column: 'f', csv: '0x1p1023' },
  number('r', '1e25', { stored: '1e+25' }),
  number('r', '3.4e38'),
  number('r', '1e39'),
  number('r', '1e-46'),
  whole('r', '9007199254740993'),
  { column: 'n', csv: '1_0', stored: '10' },
  number('n', '1e140', { stored: `1${'0'.repeat(140)}` }),
  whole('n', '9007199254740993', { stored: '9007199254740993' }),
  {
    column: 'n',
    json: '12345678901234567890.1234567890123',
    csv: '12345678901234567890.1234567890123',
    value: '12345678901234567890.1234567890123',
    stored: '12345678901234567890.1234567890123',
  },
  { column: 'n', json: `"${'1'.repeat(1_001)}"`, csv: '1'.repeat(1_001), value: '1'.repeat(1_001) },
  whole('i', '2147483647', { stored: '2147483647', value: 2_147_483_647 }),
  whole('i', '2147483648', { value: 2_147_483_648 }),
  number('i', '1.5'),
  whole('i', '9007199254740993'),
  whole('s', '-32768', { stored: '-32768', value: -32_768 }),
  whole('s', '32768', { value: 32_768 }),
  whole('b', '9223372036854775807', { stored: '9223372036854775807' }),
  whole('b', '9007199254740993', { stored: '9007199254740993' }),
  whole('b', '9223372036854775808', { line: '9223372036854775808u' }),
  document('{"n":9007199254740993}', '{"n": 9007199254740993}'),
  document('[18446744073709551615,0.10000000000000000001]', '[18446744073709551615, 0.10000000000000000001]'),
  document('{"__proto__":{"a":1}}', '{"__proto__": {"a": 1}}'),
  document('{"a":1e400}'),
  document('{"a":1,"a":2}'),
  document('{"a":{"b":1,"b":2}}'),
  document('{"a":"\\u0000"}'),
  document('{"\\u0000":1}'),
  document('{"a":"\\ud800"}'),
  document(`${'['.repeat(600)}${']'.repeat(600)}`),
  { column: 't', json: '"a\\u0000b"', csv: 'a\0b', value: 'a\0b' },
  { column: 't', json: '"\\ud800"', value: '\ud800' },
  { column: 't', json: '""', csv: '""', value: '', stored: '' },
  ...['', ' ', '\t', '\u00a0', '.', '..'].map(name),
  { ...name('...'), stored: '...' },
  { ...name('温度'), stored: '温度' },
  {
    column: 'time',
    json: `"${yesterday}T23:59:60Z"`,
    csv: `${yesterday}T23:59:60Z`,
    value: `${yesterday}T23:59:60Z`,
    stored: `${new Date(Date.parse(yesterday) + 86_400_000).toISOString().slice(0, 10)} 00:00:00+00`,
  },
  {
    column: 'time',
    json: `"${yesterday}T23:59:61Z"`,
    csv: `${yesterday}T23:59:61Z`,
    value: `${yesterday}T23:59:61Z`,
  },
];

const time = `${yesterday}T12:00:00Z`;
const jsonRow = (label: string, { column, json }: Case): string => {
  const row = { time: JSON.stringify(time), label: JSON.stringify(label), id: '"x"', [column]: json };
  return `{${Object.entries(row)
    .map(([key, value]) => `"${key}":${value}`)
    .join()}}`;
};
const csvRow = (label: string, { column, csv }: Case): string => {
  const row: Record<string, string | undefined> = { time, label, id: 'x', [column]: csv };
  return doors.columnNames.map((one) => row[one] ?? '').join();
};

describe.each(testServers())('every door on $describe', (server) => {
  let test: TestDatabase;
  let database: Database;
  let app: ApiApp;
  let folder: string;
  beforeAll(async () => {
    test = await createTestDatabase(server, appliedSchema(desired, 'all jobs'));
    const config = { ...readConfig({ DATABASE_URL: test.url }), desired };
    database = openDatabase(config);
    app = buildApp({ database, config });
    folder = mkdtempSync(join(tmpdir(), 'tsdb-doors-'));
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await app.close();
    await database.end();
    await test.drop();
  });

  const post = (payload: string, type: string) =>
    app.inject({ method: 'POST', url: '/api/ingest/doors', payload, headers: { 'content-type': type } });
  const importFile = async (file: string, content: string) => {
    const path = join(folder, file);
    writeFileSync(path, content);
    await importRows(
      { connection: test.url, engine: server.engine, desired },
      { ...plainOptions(path, doors), maxRejects: 1_000 },
    );
  };

  /** Sends the cases that a door has a form for; `label` names the case. */
  type Door = (cases: readonly (readonly [label: string, one: Case])[]) => Promise<void>;
  const DOORS: Readonly<Record<string, { readonly form: keyof Case; readonly send: Door }>> = {
    json: {
      form: 'json',
      send: async (cases) => {
        for (const [label, one] of cases) {
          const { statusCode } = await post(`[${jsonRow(label, one)}]`, 'application/json');
          expect([label, statusCode]).toEqual([label, one.stored === undefined ? expect.any(Number) : 200]);
          expect(statusCode).toBeLessThan(500);
        }
      },
    },
    ndjson: {
      form: 'json',
      send: async (cases) => {
        const rows = cases.map(([label, one]) => jsonRow(label, one));
        expect((await post(rows.join('\n'), 'application/x-ndjson')).statusCode).toBe(207);
      },
    },
    'line protocol': {
      form: 'line',
      send: async (cases) => {
        const at = `${Date.parse(time)}000000`;
        const rows = cases.map(
          ([label, { column, line }]) => `doors,id=x ${column}=${line},label="${label}" ${at}`,
        );
        expect((await post(rows.join('\n'), 'text/plain')).statusCode).toBe(207);
      },
    },
    'import of CSV': {
      form: 'csv',
      send: (cases) =>
        importFile(
          'rows.csv',
          [doors.columnNames.join(), ...cases.map(([label, one]) => csvRow(label, one)), ''].join('\n'),
        ),
    },
    'import of NDJSON': {
      form: 'json',
      send: (cases) =>
        importFile('rows.ndjson', cases.map(([label, one]) => `${jsonRow(label, one)}\n`).join('')),
    },
    replay: {
      form: 'json',
      send: async (cases) => {
        await execute(test.url, 'DELETE FROM service.dead_letter');
        for (const [line, [label, one]] of cases.entries())
          await select(
            test.url,
            `INSERT INTO service.dead_letter (id, table_name, format, line, reason, original, request_id)
             VALUES (gen_random_uuid(), 'doors', 'ndjson', $1, 'a test', $2, 'a test')`,
            [line, jsonRow(label, one)],
          );
        const answer = await app.inject({
          method: 'POST',
          url: '/api/dead-letters/replay',
          payload: { table: 'doors' },
        });
        expect(answer.statusCode).toBe(200);
      },
    },
    'table sink': {
      form: 'value',
      send: async (cases) => {
        const sink = tableSink({ pool: database.writer, engine: server.engine, table: doors });
        const rows = cases.map(([label, { column, value }]) => ({ time, label, id: 'x', [column]: value }));
        await sink.write(rows, { key: 'doors', attempt: 1, signal: undefined });
      },
    },
  };

  it.each(Object.entries(DOORS))(
    '%s: refuses what no sum can carry, and stores the rest exactly',
    async (door, { form, send }) => {
      const cases = CASES.flatMap((one, at) => (form in one ? [[`${door} ${at}`, one] as const] : []));
      await send(cases);
      const found = await select<{ label: string }>(
        test.url,
        `SELECT label, time::text, id, f::text, r::text, n::text, i::text, s::text, b::text, j::text, t FROM public.doors WHERE label LIKE $1`,
        [`${door} %`],
      );
      const stored = new Map(found.map((row) => [row.label, row as Readonly<Record<string, string>>]));
      const shown = (label: string, one: Case, is: string | undefined) => [label, one.column, one[form], is];
      expect(cases.map(([label, one]) => shown(label, one, stored.get(label)?.[one.column]))).toEqual(
        cases.map(([label, one]) => shown(label, one, one.stored)),
      );
    },
  );

  it('and then every figure is computed, refreshed and answered, in every format', async () => {
    await withConnection(test.url, (db) =>
      refreshAggregates(db, server.engine, desired.aggregates, { to: new Date() }),
    );
    for (const { name: view } of desired.aggregates)
      expect((await select(test.url, `SELECT * FROM public.${view}`)).length).toBeGreaterThan(0);
    const from = `from=${yesterday}`;
    const fields = (column: string) =>
      ['avg', 'sum', 'min', 'max', 'stddev', 'median', 'p95', 'count', 'first', 'last'].map(
        (fn) => `${fn}(${column})`,
      );
    const addresses = NUMBERS.flatMap((column) => [
      ...['1h', '1d', '2d', '90m'].flatMap((bucket) =>
        ['', '&by=id'].map((by) => `?field=${fields(column)}&bucket=${bucket}${by}&${from}`),
      ),
      `?field=${fields(column).slice(0, 4)}&bucket=1h&fill=linear&${from}`,
      `/summary?field=${column}&by=id&${from}`,
      `/summary?field=${column}&${from}`,
      `/moving-average?field=${column}&window=1h&${from}`,
      `/anomalies?field=${column}&${from}`,
      ...['lttb', 'minmax'].map((how) => `?field=${column}&downsample=${how}&points=3&${from}`),
    ]);
    for (const address of [...addresses, `?${from}`, '/latest', '/latest?by=id', '/keys?by=id'])
      for (const format of ['json', 'csv', 'ndjson']) {
        const url = `/api/series/doors${address}${address.includes('?') ? '&' : '?'}format=${format}`;
        const answer = await app.inject({ method: 'GET', url });
        expect([url, answer.statusCode, answer.statusCode === 200 ? '' : answer.body]).toEqual([
          url,
          200,
          '',
        ]);
      }
    const documents = (
      await app.inject({ method: 'GET', url: `/api/series/doors?field=j,n,b&${from}` })
    ).json().data;
    expect(documents).toContainEqual(expect.objectContaining({ j: { n: '9007199254740993' } }));
    for (const number of ['n', 'b'])
      expect(documents).toContainEqual(expect.objectContaining({ [number]: '9007199254740993' }));
  });
});
