// Tables whose rows have a key: sending a row again changes nothing, or fills in what the stored row lacks.
import { float8, jsonb, text, timestamptz } from '../../db/language/columns';
import { desiredFrom } from '../../db/language/desired';
import { hypertable } from '../../db/language/hypertable';
import type { OnConflict } from '../../db/language/ingest';
import { schemaSet } from '../../db/language/schema-set';
import { testServers } from '../../db/local/test-servers';
import { iot, sensorAlerts, sensorData, sensorThresholds } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { watchedTables } from '../alerts/alert-tables';
import { startApi } from '../testing/api-under-test';
import { runSql } from '../testing/fixture';
import { forSuite } from '../testing/for-suite';
import { rowReader } from './read/row-reader';
import type { IngestTable } from './rows';
import { writeBatch } from './store/write-batches';

const keyed = (name: string, onConflict: OnConflict) =>
  hypertable(name, {
    columns: {
      time: timestamptz().notNull(),
      host: text().notNull(),
      load: float8(),
      memory: float8(),
      note: text().default(`'none'`),
      tags: jsonb(),
    },
    time: 'time',
    chunkInterval: '1 day',
    unique: { columns: ['host', 'time'], onConflict },
  });
const readings = hypertable('sensor_data', {
  columns: sensorData.columns,
  time: 'time',
  chunkInterval: '1 day',
  unique: { columns: ['sensor_id', 'time'], onConflict: 'skip' },
});
// `n` and `sent` are also names in the statement that inserts.
const pieces = hypertable('pieces', {
  columns: {
    time: timestamptz().notNull(),
    host: text().notNull().default(`'local'`),
    n: float8(),
    sent: float8(),
    more: jsonb(),
  },
  time: 'time',
  chunkInterval: '1 day',
  ingest: { tags: 'more', fields: 'more' },
  unique: { columns: ['host', 'time'], onConflict: 'update' },
});
const sets = [
  schemaSet('iot', [readings, sensorThresholds, sensorAlerts]),
  service,
  schemaSet('keyed', [keyed('once', 'skip'), keyed('merged', 'update'), pieces]),
];

describe.each(testServers())('rows with a key on $describe', (server) => {
  const api = forSuite(() => startApi(server, { sets }));
  const now = Date.now();
  const time = (n: number): string => new Date(now - n * 1_000).toISOString();
  const post = (table: string, rows: unknown) => api.send('POST', `/api/ingest/${table}`, rows as object);
  const stored = async (table: string) =>
    (await api.pool.query(`SELECT host, load, memory, note, tags FROM ${table} ORDER BY host, time`)).rows;

  beforeEach(async () => {
    await runSql(api.url, 'DELETE FROM once; DELETE FROM merged');
  });

  it('skip: the stored row stays, and the answer says how many rows changed nothing', async () => {
    const rows = [
      { time: time(1), host: 'a', load: 1 },
      { time: time(2), host: 'a', load: 2 },
    ];
    expect((await post('once', rows)).json()).toMatchObject({ accepted: 2, unchanged: 0 });
    const again = await post('once', [
      ...rows,
      { time: time(1), host: 'a', load: 9 },
      { time: time(3), host: 'a' },
    ]);
    expect([again.statusCode, again.json()]).toMatchObject([200, { accepted: 4, unchanged: 3, rejected: 0 }]);
    expect((await stored('once')).map(({ load }) => load)).toEqual([null, 2, 1]);
  });

  it('update: a row fills in what it has, never takes away what it lacks, also within a body', async () => {
    await post('merged', { time: time(1), host: 'a', load: 1, tags: { a: 1 } });
    const answer = await post('merged', [
      { time: time(1), host: 'a', memory: 5 },
      { time: time(1), host: 'a', memory: 6, note: 'seen' },
      { time: time(2), host: 'b', load: 2 },
      { time: time(2), host: 'b', memory: 3 },
    ]);
    expect(answer.json()).toMatchObject({ accepted: 4, rejected: 0 });
    expect(await stored('merged')).toEqual([
      { host: 'a', load: 1, memory: 6, note: 'seen', tags: { a: 1 } },
      { host: 'b', load: 2, memory: 3, note: 'none', tags: null },
    ]);
    // In the order of the body, also where some rows leave a column to its default.
    await post('merged', [
      { time: time(3), host: 'c', load: 1, note: 'x' },
      { time: time(3), host: 'c', load: 2 },
      { time: time(3), host: 'c', load: 3, note: 'z' },
    ]);
    expect((await stored('merged')).at(-1)).toMatchObject({ host: 'c', load: 3, note: 'z' });
    const same = await post('merged', { time: time(1), host: 'a', memory: 6 });
    expect(same.json()).toMatchObject({ accepted: 1, unchanged: 1 });
  });

  it('update: also fills in the members of a column that keeps tags and fields', async () => {
    const at = time(1);
    const write = (...rows: readonly object[]) =>
      post(
        'pieces',
        rows.map((row) => ({ time: at, ...row })),
      );
    const first = await write(
      { host: 'a', more: { rack: '1', x: 2 } },
      { host: 'a', n: 1, more: { y: 5, x: 3 } },
      { host: 'b', more: [1] },
    );
    expect(first.json()).toMatchObject({ accepted: 3, rejected: 0 });
    await write({ host: 'a', sent: 7, more: { z: 1, y: 6 } }, { host: 'b', more: { a: 1 } }, { host: 'c' });
    const { rows } = await api.pool.query('SELECT host, n, sent, more FROM pieces ORDER BY host');
    expect(rows).toEqual([
      { host: 'a', n: 1, sent: 7, more: { rack: '1', x: 3, y: 6, z: 1 } },
      { host: 'b', n: null, sent: null, more: { a: 1 } },
      { host: 'c', n: null, sent: null, more: null },
    ]);
    expect((await write({ host: 'a', more: { x: 3 } })).json()).toMatchObject({ unchanged: 1 });
  });

  it('update: finds the row of a key that is left to its default', async () => {
    await post('pieces', [
      { time: time(2), n: 1 },
      { time: time(2), sent: 2 },
    ]);
    await post('pieces', { time: time(2), host: 'local', n: 3 });
    const { rows } = await api.pool.query(`SELECT n, sent FROM pieces WHERE host = 'local'`);
    expect(rows).toEqual([{ n: 3, sent: 2 }]);
  });

  it('the same rows again and again, at the same time and in any order, are there once', async () => {
    const rows = Array.from({ length: 2_000 }, (_, n) => ({ time: time(n), host: `h${n % 7}`, load: n }));
    const bodies = [rows, rows.toReversed(), rows.slice(500), rows.slice(0, 1_500), rows];
    for (const table of ['once', 'merged']) {
      const answers = await Promise.all(bodies.map((body) => post(table, body)));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(bodies.map(() => 200));
      const { rows: counts } = await api.pool.query(
        `SELECT count(*)::int AS n, sum(load)::int AS sum FROM ${table}`,
      );
      expect(counts).toEqual([{ n: 2_000, sum: 1_999_000 }]);
    }
  });

  it('raises the alert of a reading once', async () => {
    await runSql(
      api.url,
      `INSERT INTO sensor_thresholds (sensor_id, metric, maximum) VALUES ('s1', 'temperature', 30)`,
    );
    const watched = watchedTables(desiredFrom([iot])).get('sensor_data');
    const table: IngestTable = { name: 'sensor_data', hypertable: readings, aggregates: [], watched };
    const read = rowReader(readings, now);
    const alertsOf = async (...rows: readonly object[]): Promise<number> => {
      const checked = rows.map((value, line) => read({ line, source: '', value }));
      const { answer } = await writeBatch(
        { pool: api.database.writer, engine: async () => server.engine, keepsRejected: false },
        {
          name: table.name,
          table,
          format: 'json',
          rows: checked.flatMap((one) => ('row' in one ? [one.row] : [])),
          rejected: [],
          requestId: 'alerts',
        },
      );
      return answer.alerts;
    };
    const hot = { time: time(1), sensor_id: 's1', temperature: 31 };
    expect([
      await alertsOf(hot),
      await alertsOf(hot),
      await alertsOf(hot, { ...hot, time: time(2) }),
    ]).toEqual([1, 0, 1]);
    const { rows } = await api.pool.query('SELECT count(*)::int AS n FROM sensor_alerts');
    expect(rows).toEqual([{ n: 2 }]);
  });

  it('finds the rows that the database refuses', async () => {
    await runSql(api.url, 'ALTER TABLE once ADD CONSTRAINT cool CHECK (load < 100)');
    const rows = Array.from({ length: 50 }, (_, n) => ({
      time: time(n),
      host: 'c',
      load: n % 25 === 7 ? 500 : n,
    }));
    const answer = await post('once', rows);
    expect([answer.statusCode, answer.json()]).toMatchObject([207, { accepted: 48, rejected: 2 }]);
    expect(answer.json().errors.map(({ line }: { line: number }) => line)).toEqual([8, 33]);
    expect(await stored('once')).toHaveLength(48);
    await runSql(api.url, 'ALTER TABLE once DROP CONSTRAINT cool');
    const replayed = await api.send('POST', '/api/dead-letters/replay', { table: 'once' });
    expect(replayed.json()).toMatchObject({ replayed: 2, failed: 0 });
    expect(await stored('once')).toHaveLength(50);
  });
});

it('a key needs columns that are never null, with the time among them', () => {
  const declare = (columns: readonly ('time' | 'host' | 'load')[]) =>
    hypertable('t', {
      columns: { time: timestamptz().notNull(), host: text().notNull(), load: float8() },
      time: 'time',
      chunkInterval: '1 day',
      unique: { columns, onConflict: 'skip' },
    });
  expect(() => declare(['host', 'time'])).not.toThrow();
  expect(() => declare(['host'])).toThrow('unique.columns must contain the time column "time"');
  expect(() => declare(['load', 'time'])).toThrow('"load" may be null');
});
