// Exports as people make them, on every engine: each file holds what a query of the test's own gives.
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parse } from 'csv-parse/sync';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { iot } from '../../db/schema/iot';
import { market } from '../../db/schema/market';
import { metrics } from '../../db/schema/metrics';
import { service } from '../../db/schema/service';
import { applySets, execute, pauseRetention, select } from '../../db/testing/apply';
import { type Finished, startTsdb, tsdb } from '../testing/command-line';
import type { ParquetContent } from './testing/read-parquet';

const SETS = 'iot,market,metrics,service';
const ROOT = join(__dirname, '..', '..');
// Times as import is to read them: computed by the database, not by what is tested.
const iso = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
const TELEMETRY = [
  `('2026-11-01 00:00:00.000001Z', '00000000-0000-4000-8000-000000000001', 'NaN', '-0', NULL, 9007199254740993, -9223372036854775808, '(1.5,-2)', '{"a": [1, null, "x\\"y"], "ö": 12345678901234567890}')`,
  `('2026-11-01 00:00:00.000001Z', '00000000-0000-4000-8000-000000000001', 'NaN', '-0', NULL, 9007199254740993, -9223372036854775808, '(1.5,-2.5)', NULL)`,
  `('2026-11-01 00:00:00.000002Z', '00000000-0000-4000-8000-000000000002', 'Infinity', '-Infinity', 0.1, 5, NULL, NULL, '[]')`,
  `('2026-11-03 12:00:00Z', '00000000-0000-4000-8000-000000000003', 1e300, 5e-324, 0, 0, 0, '(0,0)', '"text"')`,
];
const TEXTS = [
  "''",
  'NULL',
  `'a,b'`,
  `'say "x"'`,
  `E'two\\nlines\\r\\n'`,
  `'Zürich 😀'`,
  `' spaces '`,
  `E'tab\\tback\\\\slash'`,
];

describe.each(testServers().map((server) => [server.engine, server] as const))('on %s', (engine, server) => {
  let database: TestDatabase;
  let folder: string;
  const path = (name: string): string => join(folder, name);
  const run = (...args: readonly string[]): Promise<Finished> =>
    tsdb(['export', ...args], { DATABASE_URL: database.url, TSDB_SCHEMAS: SETS });
  /** The text of an export that succeeds. */
  const text = async (...args: readonly string[]): Promise<string> => {
    const { code, stdout, stderr } = await run(...args, '--out', '-');
    expect({ code, stderr: stderr.replace(/^\d+ rows.*\n$/, '') }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  const lines = async (...args: readonly string[]): Promise<Record<string, unknown>[]> =>
    (await text(...args, '--format', 'ndjson'))
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line));
  const parquet = async (name: string, ...args: readonly string[]): Promise<ParquetContent> => {
    const { code, stderr } = await run(...args, '--out', path(name), '--force');
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const script = join(__dirname, 'testing', 'read-parquet.ts');
    const { stdout } = spawnSync(process.execPath, ['--import', 'tsx', script, path(name)], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
    return JSON.parse(stdout) as ParquetContent;
  };

  beforeAll(async () => {
    folder = temporaryFolder();
    database = await createTestDatabase(server);
    await applySets(database.url, [iot, market, metrics, service]);
    await pauseRetention(database.url);
    await execute(
      database.url,
      ...(engine === 'postgres'
        ? ['public.sensor_data', 'metrics.device_telemetry', 'metrics.metrics', 'market.stock_prices'].map(
            (name) => {
              const [schema, table] = name.split('.');
              return `SELECT tsdb.ensure_chunks('${schema}', '${table}', '2026-10-25Z'::timestamptz, '2026-11-05Z'::timestamptz)`;
            },
          )
        : []),
      `INSERT INTO metrics.device_telemetry (time, device_id, cpu_usage, memory_usage, disk_usage, network_rx, network_tx, location, metadata) VALUES ${TELEMETRY.join(',')}`,
      `INSERT INTO metrics.metrics (time, device_id, metric_name, value, tags)
       SELECT '2026-11-01Z'::timestamptz + at * interval '1 second', 'd', name, at, '{}' FROM unnest(ARRAY[${TEXTS.filter((value) => value !== 'NULL').join(',')}]) WITH ORDINALITY t(name, at)`,
      `INSERT INTO public.sensor_data SELECT t, 'sensor_' || s, 20 + s + extract(minute FROM t) / 60, NULL, 1000
         FROM generate_series('2026-11-01Z'::timestamptz, '2026-11-01 05:59:00Z', '1 minute') t, generate_series(1, 3) s`,
      `INSERT INTO market.stock_prices SELECT t, chr(64 + s), s, s, s, s, 1
         FROM generate_series('2026-10-26Z'::timestamptz, '2026-11-03Z', '1 hour') t, generate_series(1, 6) s`,
    );
    const refreshed = await tsdb(['refresh'], { DATABASE_URL: database.url, TSDB_SCHEMAS: SETS });
    expect(refreshed.code).toBe(0);
  });
  afterAll(async () => {
    removeFolder(folder);
    await database.drop();
  });

  it('writes CSV with microseconds, all digits, NaN, JSON and points as the database has them', async () => {
    const rows = await select(
      database.url,
      `SELECT ${iso('time')} AS time, device_id::text, cpu_usage::text, memory_usage::text, disk_usage::text, network_rx::text, network_tx::text,
              location::text, metadata::text FROM metrics.device_telemetry t ORDER BY t.time, t.device_id, location::text, metadata`,
    );
    const records = parse(await text('metrics.device_telemetry', '--format', 'csv'), {
      columns: true,
      cast: (value, { quoting }) => (value === '' && !quoting ? null : value),
    });
    expect(records).toEqual(rows);
    expect(rows).toHaveLength(4);
  });

  it('writes texts of every kind into every format', async () => {
    const own = `SELECT * FROM (VALUES ${TEXTS.map((value, at) => `(${at}, ${value})`).join(',')}) t (at, value) ORDER BY at`;
    const expected = await select<{ value: string | null }>(database.url, own);
    const csv = parse(await text(own, '--sql', '--format', 'csv'), {
      columns: true,
      cast: (value, { quoting, column }) =>
        column === 'at' ? Number(value) : value === '' && !quoting ? null : value,
    });
    expect(csv).toEqual(expected);
    expect(await lines(own, '--sql')).toEqual(expected);
    expect((await parquet('texts.parquet', own, '--sql')).rows).toEqual(expected);
  });

  it('gives the same bytes after an import into an empty table', async () => {
    for (const table of ['metrics.device_telemetry', 'metrics.metrics', 'market.stock_prices']) {
      const [first, second] = [path(`${table}.csv`), path(`${table}.again.csv`)];
      expect((await run(table, '--out', first)).code).toBe(0);
      await execute(database.url, `DELETE FROM ${table}`);
      const imported = await tsdb(['import', first, '--table', table, '--allow-expired'], {
        DATABASE_URL: database.url,
        TSDB_SCHEMAS: SETS,
      });
      expect({ code: imported.code, stderr: imported.stderr }).toMatchObject({ code: 0 });
      expect((await run(table, '--out', second)).code).toBe(0);
      expect(readFileSync(second, 'utf8')).toBe(readFileSync(first, 'utf8'));
      expect(readFileSync(first, 'utf8').split('\n').length).toBeGreaterThan(4);
    }
  });

  it('writes NDJSON without losing what a JSON number cannot hold', async () => {
    const [first, , third] = await lines('metrics.device_telemetry');
    expect(first).toMatchObject({
      time: '2026-11-01T00:00:00.000001Z',
      device_id: '00000000-0000-4000-8000-000000000001',
      cpu_usage: 'NaN',
      disk_usage: null,
      network_rx: '9007199254740993',
      network_tx: '-9223372036854775808',
      location: '(1.5,-2)',
      metadata: { a: [1, null, 'x"y'] },
    });
    expect(third).toMatchObject({ cpu_usage: 'Infinity', memory_usage: '-Infinity', network_rx: 5 });
    expect(await text('metrics.device_telemetry', '--format', 'ndjson')).toContain('12345678901234567890');
  });

  it('writes Parquet with types, read back by another reader', async () => {
    const { columns, rows } = await parquet('telemetry.parquet', 'metrics.device_telemetry');
    expect(columns).toEqual([
      'time INT64 TIMESTAMP_MICROS',
      'device_id BYTE_ARRAY UTF8',
      'cpu_usage DOUBLE',
      'memory_usage DOUBLE',
      'disk_usage DOUBLE',
      'network_rx INT64',
      'network_tx INT64',
      'location BYTE_ARRAY UTF8',
      'metadata BYTE_ARRAY JSON',
    ]);
    const [expected] = await select<{ at: string }>(
      database.url,
      `SELECT (extract(epoch FROM min(time)) * 1000000)::bigint::text AS at FROM metrics.device_telemetry`,
    );
    expect(rows[0]).toMatchObject({
      time: expected?.at,
      device_id: '00000000-0000-4000-8000-000000000001',
      cpu_usage: 'NaN',
      memory_usage: '-0',
      disk_usage: null,
      network_rx: '9007199254740993',
      network_tx: '-9223372036854775808',
      location: '(1.5,-2)',
    });
    expect(rows[2]).toMatchObject({ cpu_usage: 'Infinity', location: null, metadata: '[]' });
    // As the database writes it: a reader that made numbers of it would round.
    expect(rows[0]?.metadata).toContain('12345678901234567890');
    expect(rows).toHaveLength(4);
  });

  it('writes Parquet of no rows, of small types, and in several row groups', async () => {
    const none = await parquet('none.parquet', 'sensor_data', '--to', '2020-01-01');
    expect(none).toMatchObject({ groups: [], rows: [] });
    expect(none.columns[0]).toBe('time INT64 TIMESTAMP_MICROS');
    const small = `SELECT true AS b, 7::smallint AS s, 1.5::real AS r, date '2024-02-29' AS d, 12345678901234567890.5 AS n`;
    const { columns, rows } = await parquet('small.parquet', small, '--sql');
    expect(columns).toEqual(['b BOOLEAN', 's INT32', 'r FLOAT', 'd INT32 DATE', 'n BYTE_ARRAY UTF8']);
    expect(rows).toEqual([
      { b: true, s: 7, r: 1.5, d: '2024-02-29T00:00:00.000Z', n: '12345678901234567890.5' },
    ]);
    const many = await parquet('many.parquet', 'SELECT n FROM generate_series(1, 110000) n', '--sql');
    expect(many.groups).toEqual([50_000, 50_000, 10_000]);
    expect(many.rows.map(({ n }) => n)).toEqual(Array.from({ length: 110_000 }, (_, at) => at + 1));
  });

  it('refuses infinite times in Parquet and leaves nothing', async () => {
    const { code, stderr } = await run(
      `SELECT timestamptz 'infinity' AS t`,
      '--sql',
      '--out',
      path('i.parquet'),
    );
    expect({ code, stderr }).toMatchObject({ code: 3 });
    expect(stderr).toMatch(/column t has the time infinity, which Parquet cannot hold/);
    expect(readdirSync(folder).filter((name) => name.includes('i.parquet'))).toEqual([]);
  });

  it('takes the start of a range and leaves its end out, to the microsecond', async () => {
    const at = (...range: readonly string[]): Promise<unknown[]> =>
      lines('metrics.device_telemetry', '--columns', 'network_rx', ...range);
    expect(await at('--from', '2026-11-01T00:00:00.000002Z')).toEqual([{ network_rx: 5 }, { network_rx: 0 }]);
    expect(await at('--to', '2026-11-01T00:00:00.000002Z')).toHaveLength(2);
    expect(
      await at('--from', '2026-11-01T01:00:00.000002+01:00', '--to', '2026-11-01T00:00:00.000003Z'),
    ).toEqual([{ network_rx: 5 }]);
    const { code, stderr } = await run(
      'sensor_data',
      '--from',
      '2026-11-02',
      '--to',
      '2026-11-01',
      '--out',
      '-',
      '--format',
      'csv',
    );
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toContain('the range is empty');
  });

  it('takes conditions, whose values never become SQL', async () => {
    const where = (condition: string): Promise<unknown[]> =>
      lines('sensor_data', '--columns', 'sensor_id', '--where', condition, '--where', 'temperature<21.5');
    expect(new Set((await where('sensor_id=sensor_1')).map((row) => JSON.stringify(row)))).toEqual(
      new Set(['{"sensor_id":"sensor_1"}']),
    );
    expect(await where(`sensor_id=x' OR true --`)).toEqual([]);
    const { code, stderr } = await run('sensor_data', '--where', 'nope=1', '--out', path('w.csv'));
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toMatch(/no column "nope" to compare; the columns are sensor_id/);
  });

  it('writes all rows of a table with hash partitions, in order', async () => {
    const rows = await select(
      database.url,
      `SELECT ${iso('time')} AS time, symbol, volume::int FROM market.stock_prices t ORDER BY t.time, symbol`,
    );
    expect(rows).toHaveLength(193 * 6);
    expect(await lines('market.stock_prices', '--columns', 'time,symbol,volume')).toEqual(rows);
  });

  it('writes aggregates', async () => {
    const expected = await select(
      database.url,
      `SELECT ${iso(`date_trunc('hour', time)`)} AS bucket, sensor_id, max(temperature) AS max_temperature, count(*)::int AS reading_count
         FROM public.sensor_data WHERE sensor_id <> 'sensor_2' GROUP BY date_trunc('hour', time), sensor_id ORDER BY 1, 2`,
    );
    expect(expected).toHaveLength(12);
    expect(
      await lines(
        'sensor_data_hourly',
        '--columns',
        'bucket,sensor_id,max_temperature,reading_count',
        '--where',
        'sensor_id!=sensor_2',
      ),
    ).toEqual(expected);
  });

  it('writes figures per bucket from the cheapest source', async () => {
    const expected = await select(
      database.url,
      `SELECT ${iso(`date_trunc('hour', time)`)} AS time, sensor_id, max(temperature) AS max_temperature, count(*)::int AS count
         FROM public.sensor_data GROUP BY date_trunc('hour', time), sensor_id ORDER BY 1, 2`,
    );
    const flags = [
      'sensor_data',
      '--bucket',
      '1h',
      '--field',
      'max(temperature),count(*)',
      '--by',
      'sensor_id',
    ];
    expect(await lines(...flags)).toEqual(expected);
    const { stdout } = await run(...flags, '--out', path('hours.csv'), '--json');
    expect(JSON.parse(stdout)).toMatchObject({ source: 'sensor_data_hourly', rows: 18, format: 'csv' });
    const { stdout: finer } = await run(
      'sensor_data',
      '--bucket',
      '30m',
      '--out',
      path('half.csv'),
      '--json',
    );
    expect(JSON.parse(finer)).toMatchObject({ source: 'sensor_data', rows: 12 });
    const bad = await run('sensor_data', '--bucket', '1h', '--field', 'avg(nope)', '--out', path('bad.csv'));
    expect(bad).toMatchObject({ code: 1, stdout: '' });
    expect(bad.stderr).toContain('There is no column "nope"');
  });

  if (engine === 'timescaledb')
    it('reads compressed chunks', async () => {
      const before = await text('sensor_data', '--format', 'csv');
      await execute(
        database.url,
        `SELECT public.compress_chunk(c) FROM public.show_chunks('public.sensor_data') c`,
      );
      const [state] = await select(
        database.url,
        `SELECT bool_and(is_compressed) AS compressed FROM timescaledb_information.chunks WHERE hypertable_name = 'sensor_data'`,
      );
      expect(state).toEqual({ compressed: true });
      expect(await text('sensor_data', '--format', 'csv')).toBe(before);
      expect(before.split('\n')).toHaveLength(360 * 3 + 2);
    });

  it('compresses, and says so in its summary', async () => {
    const plain = await text('sensor_data', '--format', 'csv');
    const { code, stdout, stderr } = await run('sensor_data', '--out', path('s.csv.gz'), '--json');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const packed = readFileSync(path('s.csv.gz'));
    expect(gunzipSync(packed).toString()).toBe(plain);
    expect(JSON.parse(stdout)).toEqual({
      file: path('s.csv.gz'),
      format: 'csv',
      gzip: true,
      source: 'sensor_data',
      rows: 1_080,
      bytes: packed.length,
      seconds: expect.any(Number),
    });
  });

  it.each([
    ['a write', `DELETE FROM sensor_data`],
    ['a write in WITH', `WITH gone AS (DELETE FROM sensor_data RETURNING 1) SELECT * FROM gone`],
    ['a function that makes', `SELECT lo_create(4711)`],
    ['leaving read only', `SELECT set_config('transaction_read_only', 'off', true)`],
    ['two statements', `SELECT 1; DELETE FROM sensor_data`],
    ['two statements, the second a commit', `SELECT 1; COMMIT; DROP TABLE sensor_data`],
  ])('refuses %s with --sql', async (_what, query) => {
    const { code, stderr } = await run(query, '--sql', '--out', path('sql.csv'));
    expect(code).not.toBe(0);
    expect(stderr).toMatch(/^error: the database (refused the query|says): /);
    expect(existsSync(path('sql.csv'))).toBe(false);
    expect(await select(database.url, 'SELECT count(*)::int AS rows FROM public.sensor_data')).toEqual([
      { rows: 1_080 },
    ]);
  });

  it('says what --sql takes, and that flags do not go with it', async () => {
    const write = await run('DELETE FROM sensor_data', '--sql', '--out', path('sql.csv'));
    expect(write).toMatchObject({ code: 3, stdout: '' });
    expect(write.stderr).toContain('takes one query that only reads');
    const range = await run('SELECT 1', '--sql', '--from', '2026-01-01', '--out', path('sql.csv'));
    expect(range).toMatchObject({ code: 1, stdout: '' });
    const twice = await run('SELECT 1 AS a, 2 AS a', '--sql', '--out', path('sql.csv'));
    expect(twice.stderr).toContain('two columns are called a');
  });

  it('does not replace a file without --force, and no folder ever', async () => {
    writeFileSync(path('mine.csv'), 'mine');
    const refused = await run('sensor_data', '--out', path('mine.csv'));
    expect(refused).toMatchObject({ code: 3, stdout: '' });
    expect(refused.stderr).toMatch(/mine\.csv is there already; .*--force/);
    expect(readFileSync(path('mine.csv'), 'utf8')).toBe('mine');
    expect((await run('sensor_data', '--out', path('mine.csv'), '--force')).code).toBe(0);
    expect(readFileSync(path('mine.csv'), 'utf8')).toMatch(/^time,sensor_id/);
    expect((await run('sensor_data', '--out', folder, '--format', 'csv', '--force')).code).toBe(1);
    expect((await run('sensor_data', '--out', path('no/where.csv'))).stderr).toContain('there is no folder');
    expect((await run('nothing', '--out', path('n.csv'))).stderr).toMatch(
      /neither a declared hypertable nor an aggregate; choose from/,
    );
    expect((await run('sensor_data', '--out', '-', '--format', 'csv', '--json')).code).toBe(1);
  });

  it('keeps the file that is there when the export fails in the middle', async () => {
    writeFileSync(path('kept.csv'), 'kept');
    const failing = 'SELECT 1 / (20000 - n) AS x FROM generate_series(1, 30000) n';
    const { code, stderr } = await run(failing, '--sql', '--out', path('kept.csv'), '--force');
    expect({ code, stderr }).toMatchObject({ code: 1 });
    expect(stderr).toContain('division by zero');
    expect(readFileSync(path('kept.csv'), 'utf8')).toBe('kept');
    expect(readdirSync(folder).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'leaves nothing after %s, neither here nor on the server',
    async (signal) => {
      const mark = `interrupted_${signal.toLowerCase()}`;
      // Rows come, but never end.
      const endless = `SELECT n AS ${mark}, pg_sleep(0.0005)::text FROM generate_series(1, 100000000) n`;
      const command = startTsdb(['export', endless, '--sql', '--out', path(`${mark}.csv`)], {
        env: { DATABASE_URL: database.url, TSDB_SCHEMAS: SETS },
      });
      while (!readdirSync(folder).some((name) => name.includes(mark) && name.endsWith('.unfinished')))
        await new Promise((resolve) => setTimeout(resolve, 50));
      command.process.kill(signal);
      const { code, stderr } = await command.finished;
      expect({ code, stderr }).toEqual({ code: 130, stderr: 'interrupted\n' });
      expect(readdirSync(folder).filter((name) => name.includes(mark))).toEqual([]);
      const running = `SELECT FROM pg_stat_activity WHERE datname = current_database() AND query ~ '^FETCH' AND state <> 'idle'`;
      while ((await select(database.url, running)).length > 0);
    },
  );

  it('ends quietly when its reader goes away', async () => {
    const many = 'SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 500000) n';
    const command = startTsdb(['export', many, '--sql', '--out', '-', '--format', 'csv'], {
      env: { DATABASE_URL: database.url, TSDB_SCHEMAS: SETS },
    });
    if (!command.process.stdout) throw new Error('no pipe');
    await once(command.process.stdout, 'data');
    command.process.stdout.destroy();
    const { code, stderr } = await command.finished;
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it('shows one moment: rows that come meanwhile are not in it', async () => {
    const slow = `SELECT (SELECT count(*) FROM sensor_data) AS seen, pg_sleep(CASE WHEN n < 400 THEN 0.005 ELSE 0 END)::text AS s FROM generate_series(1, 400) n`;
    const command = startTsdb(['export', slow, '--sql', '--out', '-', '--format', 'ndjson'], {
      env: { DATABASE_URL: database.url, TSDB_SCHEMAS: SETS },
    });
    await command.says(/seen/);
    await execute(
      database.url,
      `INSERT INTO public.sensor_data VALUES ('2026-11-01 06:00:00Z', 'late', 1, 1, 1)`,
    );
    const { stdout } = await command.finished;
    await execute(database.url, `DELETE FROM public.sensor_data WHERE sensor_id = 'late'`);
    expect(new Set(stdout.match(/"seen":\d+/g))).toEqual(new Set(['"seen":1080']));
  });

  it.each(['csv', 'parquet'])('needs no more memory for more rows: %s', async (format) => {
    // A heap that holds a part of the rows only: an export that kept them would end with an error.
    const options = {
      env: { DATABASE_URL: database.url, TSDB_SCHEMAS: SETS, NODE_OPTIONS: '--max-old-space-size=96' },
    };
    const wide =
      'SELECT n, md5(n::text) AS a, repeat(md5(n::text), 20) AS b FROM generate_series(1, 250000) n';
    const { code, stderr } = await startTsdb(
      ['export', wide, '--sql', '--out', path(`wide.${format}`)],
      options,
    ).finished;
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^250000 rows in \d+ bytes/),
    });
  });
});
