// Every way in gives the same verdict on every dangerous value, and what was taken breaks no figure.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildApp } from '../../api/app';
import { tableSink } from '../../api/buffer/table-sink';
import { readConfig } from '../../api/config';
import { type Database, openDatabase } from '../../api/database/database';
import type { ApiApp } from '../../api/http/instance';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { withConnection } from '../../db/server/connection';
import { appliedSchema, execute, select } from '../../db/testing/apply';
import { refreshAggregates } from '../../db/upkeep/refresh';
import { importRows } from './import';
import {
  CASES,
  type Case,
  csvRow,
  desired,
  doors,
  jsonRow,
  NUMBERS,
  time,
  yesterday,
} from './testing/dangerous-values';
import { plainOptions } from './testing/plain-options';

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
    CSV: {
      form: 'csv',
      send: async (cases) => {
        const rows = [doors.columnNames.join(), ...cases.map(([label, one]) => csvRow(label, one))];
        expect((await post(rows.join('\n'), 'text/csv')).statusCode).toBe(207);
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
        // Only the server reads 1_0, so of the ways for CSV only the import takes it.
        cases.map(([label, one]) =>
          shown(label, one, door === 'CSV' && one.csv === '1_0' ? undefined : one.stored),
        ),
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
