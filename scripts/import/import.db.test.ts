// Imports that go wrong, are interrupted, or come in other forms: the table must hold what the file holds, once.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { float8, text, timestamptz } from '../../db/language/columns';
import { desiredFrom } from '../../db/language/desired';
import { hypertable } from '../../db/language/hypertable';
import { uniqueIndex } from '../../db/language/indexes';
import { type SchemaSet, schemaSet } from '../../db/language/schema-set';
import { createTestDatabase, type TestDatabase, testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { iot, sensorData } from '../../db/schema/iot';
import { applied, select } from '../../db/testing/apply';
import { startTsdb } from '../testing/command-line';
import { importRows } from './import';
import type { ImportOptions, ImportReport } from './options';
import { plainOptions } from './testing/plain-options';

const keyed = hypertable('keyed', {
  columns: { time: timestamptz().notNull(), device: text().notNull(), value: float8() },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [uniqueIndex('device', 'time')],
});
const sets: readonly SchemaSet[] = [iot, schemaSet('keyed', [keyed])];

const START = Math.floor(Date.now() / 86_400_000 - 20) * 86_400_000;
const HEADER = 'time,sensor_id,temperature,humidity,pressure';
const timeAt = (n: number): string => new Date(START + n * 5_000).toISOString();
const lineAt = (n: number): string =>
  `${timeAt(n)},sensor_${n % 7},${20 + (n % 100) / 10},${n % 3 === 0 ? '' : 50},1013.25`;
const linesOf = (count: number): string[] => Array.from({ length: count }, (_, n) => lineAt(n));
const csvOf = (lines: readonly string[]): string => `${HEADER}\n${lines.join('\n')}\n`;

/** Digest over rows as the server should show them. */
const digestOf = (lines: readonly string[]): string =>
  createHash('md5')
    .update([...lines].sort().join('\n'))
    .digest('hex');
const TABLE_DIGEST = `SELECT count(*)::int AS rows, md5(string_agg(line, E'\\n' ORDER BY line COLLATE "C")) AS digest FROM (
  SELECT concat_ws(',', to_char(time AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), sensor_id, temperature::text, coalesce(humidity::text, ''), pressure::text) AS line
    FROM public.sensor_data) r`;

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'import on %s',
  (engine, server) => {
    let database: TestDatabase;
    let folder: string;

    beforeEach(async () => {
      database = await createTestDatabase(server, applied(sets, 'retention'));
      folder = mkdtempSync(join(tmpdir(), 'tsdb-import-'));
    });
    afterEach(async () => {
      rmSync(folder, { recursive: true });
      await database.drop();
    });

    const write = (name: string, content: string | Buffer): string => {
      const file = join(folder, name);
      writeFileSync(file, content);
      return file;
    };
    const run = (file: string, options: Partial<ImportOptions> = {}): Promise<ImportReport> =>
      importRows(
        { connection: database.url, engine, desired: desiredFrom(sets) },
        { ...plainOptions(file, sensorData), ...options },
      );
    const stored = async () =>
      (await select<{ rows: number; digest: string | null }>(database.url, TABLE_DIGEST))[0];
    const held = (lines: readonly string[]) => ({ rows: lines.length, digest: digestOf(lines) });
    const refusedIn = (file: string): { line: number; reason: string; original: string }[] =>
      readFileSync(file, 'utf8')
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
    const batches = async (): Promise<number> =>
      (await select<{ n: number }>(database.url, 'SELECT count(*)::int AS n FROM tsdb.import_batch'))[0]?.n ??
      0;
    const command = (args: readonly string[], options = {}) =>
      startTsdb(['import', ...args, '--table', 'sensor_data', '--json'], {
        env: { DATABASE_URL: database.url },
        options,
      });

    it('leaves out a thousand malformed rows of 100,000, each named with its line', async () => {
      const lines = linesOf(100_000);
      const bad = new Map<number, string>();
      for (let n = 50; n < lines.length; n += 100) {
        const [time, sensor] = (lines[n] as string).split(',');
        const kinds = [
          `${time},${sensor},warm,1,1`,
          `${time},${sensor}`,
          `2026-13-45,${sensor},1,1,1`,
          `${time},,1,1,1`,
          `${time},"${sensor}"x,1,1,1`,
        ];
        bad.set(n, kinds[((n / 50) % 5) | 0] as string);
      }
      for (const [n, line] of bad) lines[n] = line;
      const file = write('bad.csv', csvOf(lines));
      await expect(run(file, { maxRejects: 999 })).rejects.toThrow(
        /1000 rows are refused.*--max-rejects 1000/,
      );
      expect(await stored()).toMatchObject({ rows: 0 });

      const report = await run(file, { maxRejects: 1_000 });
      expect(report).toMatchObject({ rows: 99_000, rejected: 1_000, rejects: `${file}.rejects.ndjson` });
      expect(await stored()).toEqual(held(lines.filter((_, n) => !bad.has(n))));
      expect(refusedIn(`${file}.rejects.ndjson`)).toEqual(
        [...bad].map(([n, original]) => ({ line: n + 2, original, reason: expect.any(String) })),
      );
    }, 240_000);

    it('goes on exactly where it was killed, again and again', async () => {
      const lines = linesOf(150_000);
      const file = write('long.csv', csvOf(lines));
      for (let kill = 1; kill <= 4; kill += 1) {
        const before = await batches();
        const running = command([file, '--workers', String(1 + (kill % 3))]);
        let isOver = false;
        void running.finished.then(() => {
          isOver = true;
        });
        await waitFor(`batches that are new, for kill ${kill}`, async () => {
          return isOver || (await batches()) >= before + (kill === 1 ? 1 : 2);
        });
        // Not a wait for anything: each kill comes at another place in a batch.
        await sleep(kill * 17);
        running.process.kill(kill === 3 ? 'SIGINT' : 'SIGKILL');
        const { code, stderr } = await running.finished;
        // On a busy machine the import may be over before this looks: its end, or that it was over already.
        if (kill === 3 && code === 3) expect(stderr).toMatch(/--again/);
        else if (kill === 3 && code !== 0) {
          expect(code).toBe(130);
          expect(stderr).toMatch(/run the same command again/);
        }
      }
      const last = await command([file]).finished;
      if (last.code === 3) expect(last.stderr).toMatch(/--again/);
      else expect(JSON.parse(last.stdout)).toMatchObject({ rows: 150_000, rejected: 0 });
      expect(await stored()).toEqual(held(lines));
      expect(await select(database.url, 'SELECT state, row_count::int AS rows FROM tsdb.import')).toEqual([
        { state: 'done', rows: 150_000 },
      ]);
      expect(
        await select(database.url, 'SELECT sum(reading_count)::int AS n FROM public.sensor_data_hourly'),
      ).toEqual([{ n: 150_000 }]);
      expect((await command([file]).finished).code).toBe(3);
      expect(await stored()).toEqual(held(lines));
    }, 240_000);

    it('gives the same with one worker and with four, and with rows that must be asked about', async () => {
      const lines = linesOf(50_000);
      const file = write('x.csv', csvOf(lines));
      for (const options of [{ workers: 1 }, { workers: 4, again: true }]) {
        await run(file, options);
        expect(await stored()).toEqual(held(lines));
        await select(database.url, 'TRUNCATE public.sensor_data');
      }
      const odd = lines.map((line, n) => (n % 9_999 === 5 ? line.replace(/,1013.25$/, ', 1013.25') : line));
      await run(write('odd.csv', csvOf(odd)), { workers: 4 });
      expect(await stored()).toEqual(held(lines));
    }, 120_000);

    it('reads gzip, zstd, a byte order mark, CRLF, other delimiters, no header, and NDJSON alike', async () => {
      const lines = linesOf(3_000);
      const csv = csvOf(lines);
      const plain = write('plain.csv', csv);
      const forms: [string, Partial<ImportOptions>][] = [
        [plain, {}],
        [write('a.csv.gz', gzipSync(csv)), { again: true }],
        [write('bom.csv', `\uFEFF${csv.replaceAll('\n', '\r\n')}`), {}],
        [write('semi.csv', csv.replaceAll(',', ';')), { delimiter: ';' }],
        [write('tab.csv', csv.replaceAll(',', '\t')), { delimiter: '\t' }],
        [write('mixed.csv', csv.replace('\n', '\r\n').replace(/$/, '\n\n\n')), {}],
        [write('bare.csv', `${lines.join('\n')}`), { columns: HEADER.split(',') }],
        [
          write(
            'rows.ndjson',
            lines
              .map((line) => {
                const [time, sensor_id, t, h, p] = line.split(',');
                return JSON.stringify({
                  time,
                  sensor_id,
                  temperature: Number(t),
                  humidity: h === '' ? null : Number(h),
                  pressure: Number(p),
                  extra: 1,
                });
              })
              .join('\n'),
          ),
          {},
        ],
        [
          write(
            'unix.csv',
            csvOf(lines.map((line) => line.replace(/^[^,]+/, (time) => String(Date.parse(time))))),
          ),
          { timeFormat: 'unix-ms' },
        ],
      ];
      const made = spawnSync('zstd', ['-q', plain, '-o', join(folder, 'z.csv.zst')]);
      if (made.status === 0) forms.push([join(folder, 'z.csv.zst'), { again: true }]);
      for (const [file, options] of forms) {
        await run(file, options);
        expect([file, await stored()]).toEqual([file, held(lines)]);
        await select(database.url, 'TRUNCATE public.sensor_data');
      }
    }, 240_000);

    it('takes standard input, and names it by its content', async () => {
      const lines = linesOf(500);
      const once = async () => {
        const running = command(['-'], { stdio: ['pipe', 'pipe', 'pipe'] });
        running.process.stdin?.end(csvOf(lines));
        return running.finished;
      };
      expect(JSON.parse((await once()).stdout)).toMatchObject({ rows: 500 });
      expect((await once()).code).toBe(3);
      expect(await stored()).toEqual(held(lines));
    });

    it('keeps values that COPY or CSV treat specially', async () => {
      const ids = ['a,"b"\\N', 'two\nlines', '\\.', 'x\n\\.\ny', 'é — 温', ' spaces '];
      const file = write(
        'special.csv',
        csvOf(ids.map((id, n) => `${timeAt(n)},"${id.replaceAll('"', '""')}",1,2,3`)),
      );
      await run(file);
      const rows = await select<{ sensor_id: string }>(
        database.url,
        'SELECT sensor_id FROM public.sensor_data ORDER BY time',
      );
      expect(rows.map(({ sensor_id }) => sensor_id)).toEqual(ids);
    });

    it('names a row that is not UTF-8', async () => {
      const file = write(
        'latin.csv',
        Buffer.from(csvOf([lineAt(0), `${timeAt(1)},caf\xe9,1,1,1`]), 'latin1'),
      );
      expect(await run(file, { maxRejects: 1 })).toMatchObject({ rows: 1, rejected: 1 });
      expect(refusedIn(`${file}.rejects.ndjson`)).toMatchObject([
        {
          line: 3,
          reason: 'the row is not UTF-8; name the encoding of the file, e.g. --encoding windows-1252',
        },
      ]);
    });

    it('writes nothing in a dry run', async () => {
      const file = write('dry.csv', csvOf([lineAt(0), 'x,y,z,1,1', lineAt(1)]));
      expect(await run(file, { dryRun: true })).toMatchObject({ rows: 2, rejected: 1 });
      expect(await stored()).toMatchObject({ rows: 0 });
      expect(await select(database.url, 'SELECT FROM tsdb.import')).toEqual([]);
      expect(existsSync(`${file}.rejects.ndjson`)).toBe(true);
    });

    it('fails, skips or updates where a key is there, and leaves nothing behind when it fails', async () => {
      const rowsOf = (count: number, value: number): string =>
        `time,device,value\n${Array.from({ length: count }, (_, n) => `${timeAt(n)},d,${value}`).join('\n')}\n`;
      const values = () =>
        select(database.url, 'SELECT value, count(*)::int AS rows FROM public.keyed GROUP BY 1 ORDER BY 1');
      const table = { table: keyed };
      await run(write('old.csv', rowsOf(100, 1)), table);
      // The duplicates come in the last batch.
      const many = `time,device,value\n${Array.from({ length: 25_000 }, (_, n) => `${timeAt(25_099 - n)},d,2`).join('\n')}\n${timeAt(7)},d,2\n`;
      await expect(run(write('many.csv', many), table)).rejects.toThrow(
        /line 25002.*duplicate key.*nothing was imported/,
      );
      expect(await values()).toEqual([{ value: 1, rows: 100 }]);
      expect(await run(write('skip.csv', rowsOf(150, 3)), { ...table, onConflict: 'skip' })).toMatchObject({
        rows: 50,
        skipped: 100,
      });
      expect(await values()).toEqual([
        { value: 1, rows: 100 },
        { value: 3, rows: 50 },
      ]);
      const twice = `${rowsOf(200, 4)}${timeAt(0)},d,5\n`;
      expect(await run(write('update.csv', twice), { ...table, onConflict: 'update' })).toMatchObject({
        rows: 200,
      });
      expect(await values()).toEqual([
        { value: 4, rows: 199 },
        { value: 5, rows: 1 },
      ]);
      const file = write('fail.csv', rowsOf(210, 6));
      expect(await run(file, { ...table, maxRejects: 500 })).toMatchObject({ rows: 10, rejected: 200 });
      expect(refusedIn(`${file}.rejects.ndjson`)).toHaveLength(200);
      await expect(run(file, { onConflict: 'skip' })).rejects.toThrow(/unique index/);
    }, 120_000);

    it('does not bring the first half twice when the file was corrected after an interruption', async () => {
      const file = write('half.csv', csvOf(linesOf(60_000)));
      const signal = new AbortController();
      const stopping = importRows(
        { connection: database.url, engine, desired: desiredFrom(sets) },
        { ...plainOptions(file, sensorData), workers: 1 },
        { signal: signal.signal, onLoaded: (rows) => rows > 0 && signal.abort() },
      );
      await expect(stopping).rejects.toThrow(/interrupted/);
      const lines = linesOf(60_000);
      writeFileSync(file, csvOf(lines.slice(1)));
      await expect(run(file)).rejects.toMatchObject({
        exitCode: 3,
        message: expect.stringMatching(/would bring these rows twice/),
      });
      writeFileSync(file, csvOf(lines));
      expect((await run(file)).resumed).toBeGreaterThan(0);
      expect(await stored()).toEqual(held(lines));
    }, 120_000);
  },
);
