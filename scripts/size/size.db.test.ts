// Predicted bytes beside those of a real server, after 200,000 rows: sizes do not depend on how busy the machine is.
import { relation } from '../../db/core/sql';
import { desiredFrom } from '../../db/language/desired';
import { desc, type Index, index } from '../../db/language/indexes';
import { createTestDatabase, describeOn, type TestDatabase, testServers } from '../../db/local/test-servers';
import { itUnless } from '../../db/local/testing/needs';
import { iot, sensorData, sensorDataHourly } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { withConnection } from '../../db/server/connection';
import { ensureChunks } from '../../db/server/copy';
import { readTableSizes } from '../../db/server/table-size';
import { applied, execute, select } from '../../db/testing/apply';
import { refreshAggregates } from '../../db/upkeep/refresh';
import { convertOlder } from '../bench/columnstore';
import { type CommandHost, startHost } from '../testing/command-host';
import { measuredConstants } from './constants';
import { diskOf, logBytes } from './disk';
import { liveTable } from './live';
import type { Range } from './range';
import type { SizeReport } from './report';
import { indexBytes } from './storage';
import { type SizedTable, sizedTable, type Workload } from './workload';

const DAY_MS = 86_400_000;
const SENSORS = 70;
const DAYS = 2;
const ROWS = SENSORS * DAYS * 1_440;
const TO = new Date(Math.floor(Date.now() / DAY_MS) * DAY_MS - DAY_MS);
const FROM = new Date(TO.getTime() - DAYS * DAY_MS);

const declared = desiredFrom([iot, service]);
const sized: SizedTable = sizedTable(sensorData, declared);
const constants = measuredConstants;
const workload: Workload = {
  rowsPerSecond: SENSORS / 60,
  keep: DAYS * 86_400,
  series: SENSORS,
  table: sized,
};

/** Bytes of the chunks without and with their indexes, for each row. */
const PER_ROW = `
  SELECT sum(pg_table_size(inhrelid)) / ${ROWS}::float8 AS heap, sum(pg_indexes_size(inhrelid)) / ${ROWS}::float8 AS indexes
    FROM pg_inherits WHERE inhparent = 'public.sensor_data'::regclass AND pg_relation_size(inhrelid) > 0`;

/** Readings in the order of time. Sensors that do not wake up at the same moment are a few milliseconds apart. */
const fill = (apart: string): string => `
  INSERT INTO public.sensor_data
  SELECT m + s * interval '${apart}', 'sensor_' || lpad(s::text, 3, '0'), round((20 + 5 * sin(s + extract(epoch FROM m) / 9000))::numeric * 20) / 20, 50 + s % 7, 1013
    FROM generate_series('${FROM.toISOString()}'::timestamptz, '${TO.toISOString()}'::timestamptz - interval '1 minute', '1 minute') m, generate_series(1, ${SENSORS}) s
   ORDER BY 1`;

const keySql = (key: Index['keys'][number]): string =>
  'column' in key ? `"${key.column}"${key.descending ? ' DESC' : ''}` : key.expression;

const share = (found: number, predicted: Range): number => found / predicted.likely;
const isWithin = (found: number, { low, high }: Range): boolean => low <= found && found <= high;

let host: CommandHost;
beforeAll(() => {
  host = startHost();
});
afterAll(() => host.stop());

it.each([
  [['--keep', 'banana'], /^error: --keep "banana" is not a duration; write a number and a unit/],
  [
    ['--keep', '1 day', '--table', 'nope'],
    /^error: nope is not a declared hypertable; choose from public\.sensor_data/,
  ],
])('says what is wrong with %s', async (words, message) => {
  const run = await host.run(['size', '--rows-per-second', '10', ...words], {});
  expect(run).toMatchObject({ code: 1, stdout: '', stderr: expect.stringMatching(message) });
});

it('prints a table for people without any database', async () => {
  const run = await host.run(['size', '--rows-per-second', '1000000', '--keep', '7 days'], {});
  expect(run).toMatchObject({ code: 0, stderr: '' });
  expect(run.stdout).toMatch(/^one PostgreSQL: ends before this: too little .*disk/m);
  expect(run.stdout).toMatch(/^Citus: \d+ workers of \d+ vCPU/m);
  expect(run.stdout).toMatch(/^1,000,000 +1\d\d TB +– /m);
  expect(run.stdout).not.toMatch(/NaN|Infinity|undefined/);
});

const servers = testServers().filter(({ engine }) => engine !== 'citus');

describe.each(servers)('on $engine', (server) => {
  const { engine } = server;
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase(server, applied([iot, service], 'all jobs'));
    await withConnection(database.url, (db) => ensureChunks(db, engine, sensorData, FROM, TO));
  });
  afterAll(() => database.drop());

  const refill = (apart: string): Promise<void> =>
    execute(
      database.url,
      'TRUNCATE public.sensor_data',
      'CHECKPOINT',
      fill(apart),
      'ANALYZE public.sensor_data',
    );
  const perRow = async (): Promise<{ heap: number; indexes: number }> => {
    const [found] = await select<{ heap: number; indexes: number }>(database.url, PER_ROW);
    return found ?? { heap: 0, indexes: 0 };
  };

  it('predicts rows within 3 %, and indexes within 15 %, when no two rows have the same time', async () => {
    await refill('7 milliseconds');
    const { heap, indexes } = await perRow();
    expect(share(heap, sized.heap)).toBeGreaterThan(0.97);
    expect(share(heap, sized.heap)).toBeLessThan(1.03);
    expect(share(indexes, sized.indexes)).toBeGreaterThan(0.85);
    expect(share(indexes, sized.indexes)).toBeLessThan(1.15);
  });

  it('predicts each kind of index within 15 %, whatever the direction of the time', async () => {
    await refill('7 milliseconds');
    const kinds = [
      index('sensor_id', 'time'),
      index('sensor_id', desc('time')),
      index('time'),
      index(desc('time')),
    ];
    const names = ['a', 'b', 'c', 'd'];
    // As the rows arrive, and not afterwards, when an index is built with full pages.
    await execute(
      database.url,
      'CREATE TABLE public.copied (LIKE public.sensor_data)',
      ...kinds.map(
        ({ keys }, at) =>
          `CREATE INDEX copied_${names[at]} ON public.copied (${keys.map(keySql).join(', ')})`,
      ),
      'INSERT INTO public.copied SELECT * FROM public.sensor_data ORDER BY "time"',
    );
    for (const [at, kind] of kinds.entries()) {
      const [found] = await select<{ bytes: number }>(
        database.url,
        `SELECT pg_relation_size('public.copied_${names[at]}') / ${ROWS}::float8 AS bytes`,
      );
      const ratio = share(found?.bytes ?? 0, indexBytes(kind, sensorData.columns, 'time'));
      expect({ at, isNear: ratio > 0.85 && ratio < 1.15 }).toEqual({ at, isNear: true });
    }
    await execute(database.url, 'DROP TABLE public.copied');
  });

  it('has the smaller indexes of sensors that report at the same moments in its range', async () => {
    await refill('0');
    const { heap, indexes } = await perRow();
    expect(isWithin(indexes, sized.indexes)).toBe(true);
    expect(indexes).toBeLessThan(sized.indexes.likely);
    expect(share(heap + indexes, sized.heap)).toBeLessThan(
      (sized.heap.likely + sized.indexes.likely) / sized.heap.likely,
    );
  });

  it('predicts the write-ahead log of a row within a quarter', async () => {
    const position = async (): Promise<string> => {
      const [row] = await select<{ at: string }>(
        database.url,
        'SELECT pg_current_wal_insert_lsn()::text AS at',
      );
      return row?.at ?? '';
    };
    await execute(database.url, 'TRUNCATE public.sensor_data', 'CHECKPOINT');
    const before = await position();
    await execute(database.url, fill('7 milliseconds'));
    const [row] = await select<{ bytes: number }>(
      database.url,
      `SELECT pg_wal_lsn_diff('${await position()}', '${before}')::float8 / ${ROWS} AS bytes`,
    );
    const found = row?.bytes ?? 0;
    const predicted = logBytes(workload, engine, constants);
    expect(found / predicted.likely).toBeGreaterThan(0.75);
    expect(found / predicted.likely).toBeLessThan(1.25);
  });

  it('predicts the buckets of an aggregate within its range', async () => {
    await refill('7 milliseconds');
    await withConnection(database.url, (db) =>
      refreshAggregates(db, engine, [sensorDataHourly], { from: FROM, to: TO }),
    );
    const size = await withConnection(database.url, (db) => readTableSizes(db, engine, [sensorDataHourly]));
    const buckets = SENSORS * DAYS * 24;
    const hourly = sized.aggregates.find(({ name }) => name === 'public.sensor_data_hourly');
    const found = (size.get('public.sensor_data_hourly')?.bytes ?? 0) / buckets;
    expect(hourly).toMatchObject({ bucket: 3_600, keep: 366 * 86_400, perSeries: true, computed: 72 });
    expect(share(found, hourly?.row ?? { low: 0, likely: 0, high: 0 })).toBeGreaterThan(0.75);
    expect(share(found, hourly?.row ?? { low: 0, likely: 0, high: 0 })).toBeLessThan(1.35);
  });

  it('reads the bytes of a row from the database that DATABASE_URL names', async () => {
    await refill('7 milliseconds');
    const { heap, indexes } = await perRow();
    const { table, note } = await withConnection(database.url, (db) => liveTable(db, sensorData, sized));
    expect(note).toMatch(/read from the database/);
    const found = table.heap.likely + table.indexes.likely;
    expect(found / (heap + indexes)).toBeGreaterThan(0.95);
    expect(found / (heap + indexes)).toBeLessThan(1.05);

    const run = await host.run(['size', '--rows-per-second', '1000', '--keep', '30 days', '--json'], {
      DATABASE_URL: database.url,
      TSDB_SCHEMAS: 'iot,service',
    });
    expect(run).toMatchObject({ code: 0, stderr: expect.stringContaining('read from the database') });
    const report = JSON.parse(run.stdout) as SizeReport;
    expect(report.workload.table.heap.likely + report.workload.table.indexes.likely).toBeCloseTo(found, 3);
    expect(report.predictions.map((one) => one.engine)).toEqual(['postgres', 'timescaledb', 'citus']);
  });

  it('says that too few rows tell nothing, and computes them', async () => {
    await execute(database.url, 'TRUNCATE public.sensor_data');
    const { table, note } = await withConnection(database.url, (db) => liveTable(db, sensorData, sized));
    expect(table).toEqual(sized);
    expect(note).toMatch(/too few rows outside of the columnstore \(0\)/);
  });

  itUnless(engine === 'timescaledb' ? undefined : 'the emulation has no columnstore')(
    'has the columnstore of real chunks in its range, and reads it',
    async () => {
      await refill('7 milliseconds');
      const control = { signal: undefined, onNote: () => undefined };
      await withConnection(database.url, (db) => convertOlder(db, sensorData, '0 seconds', control));
      const [row] = await select<{ bytes: number }>(
        database.url,
        `SELECT public.hypertable_size('${relation(sensorData)}')::float8 / ${ROWS} AS bytes`,
      );
      const found = row?.bytes ?? 0;
      const usual = diskOf({ ...workload, keep: 90 * 86_400 }, 'timescaledb', sized.chunk, constants);
      expect(usual.parts.map(({ name }) => name)).toContain('columnstore');
      const { low, high } = constants.columnRatio.timescaledb;
      const whole = sized.heap.likely + sized.indexes.likely;
      expect(isWithin(found, { low: low * whole * 0.5, likely: 0, high: high * whole })).toBe(true);
      const { table } = await withConnection(database.url, (db) => liveTable(db, sensorData, sized));
      expect((table.column?.likely ?? 0) / found).toBeGreaterThan(0.9);
      expect((table.column?.likely ?? 0) / found).toBeLessThan(1.1);
    },
  );
});

describeOn('citus', 'on the workers', (server) => {
  it('reads the bytes of a row from all nodes', async () => {
    const database = await createTestDatabase(server, applied([iot, service], 'all jobs'));
    try {
      await withConnection(database.url, (db) => ensureChunks(db, 'citus', sensorData, FROM, TO));
      await execute(database.url, fill('7 milliseconds'), 'ANALYZE public.sensor_data');
      const { table, note } = await withConnection(database.url, (db) => liveTable(db, sensorData, sized));
      expect(note).toMatch(/read from the database/);
      const ratio = share(table.heap.likely + table.indexes.likely, {
        low: 0,
        likely: sized.heap.likely + sized.indexes.likely,
        high: 0,
      });
      expect(ratio).toBeGreaterThan(0.85);
      expect(ratio).toBeLessThan(1.3);
    } finally {
      await database.drop();
    }
  });
});
