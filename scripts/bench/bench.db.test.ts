// `tsdb bench` as people run it, tiny: complete results, equal answers, and nothing left behind.
import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestDatabase, testServers } from '../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { execute, select } from '../../db/testing/apply';
import { processesOf, type Running, startTsdb, tsdb } from '../testing/command-line';
import { NPM_SERVER } from '../testing/npm-server';
import { measureQueries } from './queries/queries';
import type { BenchReport, SideBySide } from './report/report';
import { prepareYear } from './year';

// Nine days: some chunks are old enough for the columnstore.
const TINY = '--days 9 --sensors 2 --interval 600 --rows 300 --repeat 1'.split(' ');
// Growth needs many databases, and is the same program on every engine.
const GROWS_ON = testServers().at(-1)?.engine;
const PARTS = ['queries', 'ingest', 'compression', 'api'];
const LONG = '--only queries --days 3650 --sensors 99 --interval 60'.split(' ');
const KEPT_OUT = { TSDB_LOCAL_SERVER: '' };

const quiet = { signal: undefined, onNote: () => undefined };

let place: string;
beforeAll(() => {
  place = temporaryFolder();
});
afterAll(() => removeFolder(place));

/** Databases of one benchmark: another one may run on the same server. */
const benchDatabases = async (url: string, { process }: Running): Promise<readonly unknown[]> =>
  select(
    url,
    `SELECT datname::text FROM pg_database WHERE datname LIKE 'tsdb\\_bench\\_%\\_${process.pid}\\_%'`,
  );

describe.each(testServers())('on $engine', ({ engine, url }) => {
  it('measures every part, writes the page, and drops its databases', async () => {
    const page = join(place, `${engine}.html`);
    const parts = engine === GROWS_ON ? [...PARTS, 'growth'] : PARTS;
    const running = startTsdb(['bench', ...TINY, '--only', parts.join(','), '--json', '--html', page], {
      env: { ...KEPT_OUT, DATABASE_URL: url },
      // The API is measured from a checkout only.
      fromSources: true,
    });
    const { code, stdout, stderr } = await running.finished;
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' });
    const report = JSON.parse(stdout) as BenchReport;
    expect(report).toMatchObject({ format: 1, options: { days: 9, sensors: 2, rows: 300, repeat: 1 } });
    expect(report.servers).toHaveLength(1);
    const [server] = report.servers;
    expect(server).toMatchObject({ engine, settings: { fsync: expect.stringMatching(/^o/) } });

    const { cases, rows, compressedChunks } = server?.queries ?? { cases: [], rows: 0, compressedChunks: -1 };
    expect(cases.map(({ id }) => id)).toEqual(['hourly-day', 'hourly-week', 'hourly-month', 'daily-year']);
    expect(cases.map(({ answerRows }) => answerRows)).toEqual([48, 336, 432, 18]);
    expect(cases.map(({ rawRows }) => rawRows)).toEqual([288, 2_016, 2_592, 2_592]);
    expect(rows).toBeGreaterThanOrEqual(2_592);
    for (const { largestDifference, asRows, asDeclared, wholeAnswer } of cases) {
      expect(largestDifference).toBeLessThanOrEqual(1e-9);
      expect(asDeclared !== undefined).toBe(engine === 'timescaledb');
      for (const sides of [asRows, wholeAnswer, ...(asDeclared ? [asDeclared] : [])]) expectSides(sides);
    }
    expect(compressedChunks > 0).toBe(engine === 'timescaledb');

    const ids = server?.ingest?.methods.map(({ id }) => id) ?? [];
    for (const id of [
      'row-by-row',
      'prepared',
      'values',
      'unnest',
      'copy',
      'import-load',
      'import-work',
      'import',
      'import-1',
      'copy-2',
      ...['json', 'ndjson', 'line', 'csv'].flatMap((format) => [`http-${format}-1k`, `http-${format}-10k`]),
      'bare-json-1k',
      'bare-json-10k',
    ])
      expect(ids).toContain(id);
    expect(ids.includes('copy-2-direct')).toBe(engine === 'timescaledb');
    expect(ids.includes('psql-copy')).toBe(!server?.ingest?.missing.includes('psql'));
    expect(ids.includes('copy-file')).toBe(server?.ingest?.missing.includes('psql'));
    for (const { speed, rows: each } of server?.ingest?.methods ?? []) {
      expect(each).toBe(300);
      expect(speed).toMatchObject({ unit: 'rows/s', runs: 1 });
    }
    expect(server?.api).toMatchObject({ api: { unit: 'requests/s', runs: 1 }, ratio: { unit: '×' } });
    const charts = [
      ['tables, each with two aggregates', 1],
      ['chunks of one table', 1],
      ['file', 1],
      ['rows', 3],
    ];
    expect(server?.growth?.charts.map(({ grows, lines }) => [grows, lines.length])).toEqual(
      engine === GROWS_ON ? charts : undefined,
    );
    for (const { at, lines } of server?.growth?.charts ?? [])
      for (const { figures } of lines) expect([at.length, figures.length]).toEqual([3, 3]);
    const tables = server?.compression?.tables.map(({ table }) => table);
    if (engine === 'timescaledb') expect(tables).toContain('public.sensor_data');
    else expect(tables).toBeUndefined();

    expect(readFileSync(page, 'utf8')).toContain(`<h2>${server?.describe}</h2>`);
    expect(await benchDatabases(url, running)).toEqual([]);
  });

  it('refuses to time answers that differ', async () => {
    const database = await createTestDatabase({ url });
    try {
      const year = await prepareYear(database.url, { ...quiet, days: 2, sensors: 2, intervalSeconds: 1_800 });
      await execute(
        database.url,
        `UPDATE public.sensor_data SET humidity = humidity + 0.001
          WHERE (time, sensor_id) IN (SELECT time, sensor_id FROM public.sensor_data
                                       WHERE time < '${year.end.toISOString()}' ORDER BY time DESC LIMIT 1)`,
      );
      await expect(measureQueries(database.url, year, { ...quiet, days: 2, repeat: 1 })).rejects.toThrow(
        /hourly, a day: avg_humidity of .* from the raw rows and .* from the aggregate/,
      );
    } finally {
      await database.drop();
    }
  });

  it('is gone after Ctrl-C, with its databases', async () => {
    const running = startTsdb(['bench', ...LONG], { env: { ...KEPT_OUT, DATABASE_URL: url } });
    await running.says(/readings of 99 sensors/);
    expect(await benchDatabases(url, running)).toHaveLength(1);
    running.process.kill('SIGINT');
    expect(await running.finished).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringMatching(/interrupted\n$/),
    });
    expect(await benchDatabases(url, running)).toEqual([]);
  });

  it('says which right is missing', async () => {
    const role = `bench_plain_${process.pid}_${randomBytes(4).toString('hex')}`;
    await execute(url, `CREATE ROLE ${role} LOGIN PASSWORD 'plain'`);
    try {
      const login = new URL(url);
      login.username = role;
      login.password = 'plain';
      const { code, stderr } = await tsdb(['bench'], { ...KEPT_OUT, DATABASE_URL: login.href });
      expect({ code, stderr }).toEqual({
        code: 3,
        stderr: expect.stringContaining(`user ${role} may not create databases`),
      });
    } finally {
      await execute(url, `DROP ROLE ${role}`);
    }
  });
});

it('leaves no private server behind after Ctrl-C', async () => {
  const running = startTsdb(['bench', ...LONG], { env: { ...NPM_SERVER, TMPDIR: place } });
  await running.says(/readings of 99 sensors/);
  expect(processesOf(join(place, 'tsdb-bench-'))).not.toEqual([]);
  running.process.kill('SIGINT');
  expect(await running.finished).toMatchObject({ code: 130 });
  expect(processesOf(join(place, 'tsdb-bench-'))).toEqual([]);
  expect(readdirSync(place).filter((name) => name.startsWith('tsdb-bench-'))).toEqual([]);
});

it('refuses a part that does not exist and a page that cannot be written, before anything is started', async () => {
  const env = { ...NPM_SERVER, TMPDIR: place };
  expect(await tsdb(['bench', '--only', 'queries,speed'], env)).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(
      /--only speed: unknown part; choose from queries, ingest, compression, api/,
    ),
  });
  const page = join(place, 'nowhere', 'page.html');
  expect(await tsdb(['bench', '--html', page], env)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining(`cannot write ${page}`),
  });
  expect(existsSync(page)).toBe(false);
});

function expectSides({ raw, aggregate, ratio }: SideBySide): void {
  for (const { unit, runs, median } of [raw, aggregate]) {
    expect({ unit, runs }).toEqual({ unit: 'ms', runs: 1 });
    expect(median).toBeGreaterThan(0);
  }
  expect(ratio.median).toBeCloseTo(raw.median / aggregate.median, 9);
}
