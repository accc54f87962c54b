// Wide files: each cell of the melted fields is a row of its own, once, also when an import is interrupted.
import { float8, text, timestamptz } from '../../db/language/columns';
import { desiredFrom } from '../../db/language/desired';
import { hypertable } from '../../db/language/hypertable';
import { uniqueIndex } from '../../db/language/indexes';
import { schemaSet } from '../../db/language/schema-set';
import { testServers } from '../../db/local/test-servers';
import { waitFor } from '../../db/local/testing/wait';
import { iot, sensorData } from '../../db/schema/iot';
import { startTsdb } from '../testing/command-line';
import { importRows } from './import';
import type { ImportOptions } from './options';
import { Importing, utc } from './testing/importing';
import { plainOptions } from './testing/plain-options';

const keyed = hypertable('keyed', {
  columns: { time: timestamptz().notNull(), device: text().notNull(), value: float8() },
  time: 'time',
  chunkInterval: '1 day',
  indexes: [uniqueIndex('device', 'time')],
});
const MELT: Partial<ImportOptions> = {
  melt: { fields: ['temp_*'], prefix: 'temp_' },
  mapping: { sensor_id: { melted: 'name' }, temperature: { melted: 'value' } },
};
const FLAGS = [
  '--melt',
  'temp_*',
  '--melt-name',
  'sensor_id',
  '--melt-value',
  'temperature',
  '--melt-prefix',
  'temp_',
];
const DAY = new Date(Date.now() - 5 * 86_400_000).toISOString().slice(0, 10);

describe.each(testServers().map((server) => [server.engine, server] as const))(
  'melting on %s',
  (_, server) => {
    const importing = new Importing(server, [iot, schemaSet('keyed', [keyed])]);

    beforeAll(() => importing.begin());
    beforeEach(() => importing.select('TRUNCATE public.sensor_data; TRUNCATE tsdb.import CASCADE'));
    afterAll(() => importing.end());

    const stored = () =>
      importing.select(
        `SELECT ${utc('time')} AS time, sensor_id, temperature, humidity FROM public.sensor_data ORDER BY time, sensor_id`,
      );

    it('makes a row of each cell, leaves out empty ones, and keeps the other fields in each row', async () => {
      const file = importing.write(
        'wide.csv',
        `time,temp_roof,temp_cellar,humidity,memo\n${DAY}T10:00:00Z,21.5,12,40,x\n\n${DAY}T11:00:00Z,,13,,y\n`,
      );
      const { code, stdout, stderr } = await importing.command(
        file,
        '--table',
        'sensor_data',
        '--json',
        ...FLAGS,
      );
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(JSON.parse(stdout)).toMatchObject({ rows: 3, rejected: 0, ignored: [{ field: 'memo' }] });
      expect(stderr).toContain('1 empty cell of melted fields gives no row');
      expect(await stored()).toEqual([
        { time: `${DAY}T10:00:00.000000Z`, sensor_id: 'cellar', temperature: 12, humidity: 40 },
        { time: `${DAY}T10:00:00.000000Z`, sensor_id: 'roof', temperature: 21.5, humidity: 40 },
        { time: `${DAY}T11:00:00.000000Z`, sensor_id: 'cellar', temperature: 13, humidity: null },
      ]);
      expect((await importing.command(file, '--table', 'sensor_data', ...FLAGS)).code).toBe(3);
    });

    it('refuses cells and records, each with its line and the field', async () => {
      const file = importing.write(
        'bad.csv',
        `time,"temp_a","temp_b"\n${DAY}T10:00:00Z,"1",warm\n"${DAY}\nx",2,3\n${DAY}T11:00:00Z,4\n${DAY}T12:00:00Z,5,6\n`,
      );
      await expect(importing.run(file, sensorData, { ...MELT, maxRejects: 3 })).rejects.toThrow(
        /4 rows are refused/,
      );
      expect(await importing.run(file, sensorData, { ...MELT, maxRejects: 4 })).toMatchObject({
        rows: 3,
        rejected: 4,
      });
      expect(importing.refused(file).map(({ line, reason }) => [line, reason])).toEqual([
        [2, expect.stringMatching(/^field temp_b: column temperature: .*"warm"/)],
        [3, expect.stringMatching(/^field temp_a: column time: .* is not a time/)],
        [3, expect.stringMatching(/^field temp_b: column time: .* is not a time/)],
        [5, 'the row has 2 fields, and there are 3 columns'],
      ]);
      expect((await stored()).map((row) => (row as { temperature: number }).temperature)).toEqual([1, 5, 6]);
    });

    it('brings each cell once, however often it is killed', async () => {
      const START = Math.floor(Date.now() / 86_400_000 - 20) * 86_400_000;
      const sensors = Array.from({ length: 20 }, (_one, at) => `temp_${at}`);
      const rows = 5_000;
      const lines = Array.from(
        { length: rows },
        (_one, n) =>
          `${new Date(START + n * 60_000).toISOString()},${sensors.map((_s, at) => n * 20 + at).join(',')}`,
      );
      const file = importing.write('long.csv', `time,${sensors.join(',')}\n${lines.join('\n')}\n`);
      const batches = async (): Promise<number> =>
        (await importing.select<{ n: number }>('SELECT count(*)::int AS n FROM tsdb.import_batch'))[0]?.n ??
        0;
      for (let kill = 0; kill < 2; kill += 1) {
        const before = await batches();
        const running = startTsdb(['import', file, '--table', 'sensor_data', ...FLAGS], {
          env: { DATABASE_URL: importing.database.url },
        });
        let isOver = false;
        void running.finished.then(() => {
          isOver = true;
        });
        await waitFor(`new batches for kill ${kill}`, async () => isOver || (await batches()) > before);
        running.process.kill('SIGKILL');
        await running.finished;
      }
      const last = await importing.command(file, '--table', 'sensor_data', ...FLAGS);
      if (last.code !== 0) expect(last.stderr).toMatch(/--again/);
      expect(
        await importing.select(
          'SELECT count(*)::int AS rows, count(DISTINCT temperature)::int AS different, sum(temperature)::float8 AS sum FROM public.sensor_data',
        ),
      ).toEqual([{ rows: rows * 20, different: rows * 20, sum: (rows * 20 * (rows * 20 - 1)) / 2 }]);
    }, 240_000);

    it('names another import when the melted fields are others', async () => {
      const file = importing.write('other.csv', `time,temp_a,temp_b\n${DAY},1,2\n`);
      const first = await importing.run(file, sensorData, MELT);
      const other = await importing.run(file, sensorData, {
        ...MELT,
        melt: { fields: ['temp_a'], prefix: '' },
      });
      expect(other.id).not.toBe(first.id);
      expect(other).toMatchObject({
        content: first.content,
        rows: 1,
        ignored: [{ field: 'temp_b', rows: 1 }],
      });
    });

    it('updates rows by their keys', async () => {
      const mapping = { device: { melted: 'name' }, value: { melted: 'value' } } as const;
      const options = { mapping, melt: { fields: ['d*'], prefix: '' } };
      const run = (content: string, name: string) =>
        importRows(
          { connection: importing.database.url, engine: server.engine, desired: desiredFrom(importing.sets) },
          { ...plainOptions(importing.write(name, content), keyed), ...options, onConflict: 'update' },
        );
      await run(`time,d1,d2\n${DAY},1,2\n`, 'k1.csv');
      expect(await run(`time,d1,d2\n${DAY},3,\n`, 'k2.csv')).toMatchObject({ rows: 1 });
      expect(await importing.select('SELECT device, value FROM public.keyed ORDER BY 1')).toEqual([
        { device: 'd1', value: 3 },
        { device: 'd2', value: 2 },
      ]);
    });

    it.each<[string, readonly string[], RegExp]>([
      ['no pattern', ['--melt-name', 'sensor_id'], /need --melt/],
      ['no columns', ['--melt', 'temp_*'], /--melt needs --melt-name.*--melt-value/],
      [
        'a column that is not there',
        ['--melt', 'temp_*', '--melt-name', 'nope', '--melt-value', 'temperature'],
        /no column nope/,
      ],
      ['a column twice', [...FLAGS, '--set', 'sensor_id=x'], /column sensor_id is given twice/],
      [
        'a pattern that fits nothing',
        ['--melt', 'x*', ...FLAGS.slice(2)],
        /--melt x\* fits no field .*time, temp_a, temp_b/,
      ],
      ['a prefix that fits nothing', [...FLAGS.slice(0, -1), 'z_'], /does not begin with --melt-prefix z_/],
      [
        'a field of --map',
        [...FLAGS, '--map', 'humidity=temp_a'],
        /takes the field temp_a, which --map gives/,
      ],
      ['NDJSON', [...FLAGS, '--format', 'ndjson'], /--melt: these flags are about CSV/],
    ])('refuses %s', async (_name, flags, message) => {
      const file = importing.write('flags.csv', `time,temp_a,temp_b\n${DAY},1,2\n`);
      const { code, stderr } = await importing.command(file, '--table', 'sensor_data', ...flags);
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringMatching(message) });
    });
  },
);
