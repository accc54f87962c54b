// For tests of exports: a database with values of every kind, a folder for files, and short ways to export.
import { join } from 'node:path';
import { desiredFrom } from '../../../db/language/desired';
import { createTestDatabase, type Template, type TestServer } from '../../../db/local/test-servers';
import { removeFolder, temporaryFolder } from '../../../db/local/testing/places';
import { iot } from '../../../db/schema/iot';
import { market } from '../../../db/schema/market';
import { metrics } from '../../../db/schema/metrics';
import { service } from '../../../db/schema/service';
import { withConnection } from '../../../db/server/connection';
import { appliedSchema, execute } from '../../../db/testing/apply';
import { refreshAggregates } from '../../../db/upkeep/refresh';
import { startHost } from '../../testing/command-host';
import type { Finished } from '../../testing/command-line';
import { type ParquetContent, parquetReader } from './read-parquet';

/** A filled database, and exports of it. */
export interface ExportPlant {
  readonly url: string;
  readonly env: Readonly<Record<string, string>>;
  readonly folder: string;
  path(name: string): string;
  /** Any command of `tsdb`. */
  command(...args: readonly string[]): Promise<Finished>;
  /** `tsdb export`. */
  run(...args: readonly string[]): Promise<Finished>;
  /** The text of an export that succeeds without a note. */
  text(...args: readonly string[]): Promise<string>;
  /** The same as NDJSON, parsed. */
  lines(...args: readonly string[]): Promise<Record<string, unknown>[]>;
  /** Exports to a Parquet file and reads it with another library. */
  parquet(name: string, ...args: readonly string[]): Promise<ParquetContent>;
  stop(): Promise<void>;
}

/** Thirty days ago: before every window of a refresh, and long before retention would drop it. */
const FIRST_DAY = Date.now() - 30 * 86_400_000;

/** The first day of the rows, `YYYY-MM-DD`, or so many days after it. */
export const day = (after = 0): string => new Date(FIRST_DAY + after * 86_400_000).toISOString().slice(0, 10);

/** Times as import is to read them: computed by the database, not by what is tested. */
export const iso = (column: string): string =>
  `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** Texts that a format could break, as SQL. */
export const TEXTS: readonly string[] = [
  "''",
  'NULL',
  `'a,b'`,
  `'say "x"'`,
  `E'two\\nlines\\r\\n'`,
  `'Zürich 😀'`,
  `' spaces '`,
  `E'tab\\tback\\\\slash'`,
];

/** Four sets, and one table of each but the last filled; 1,080 readings, of every minute of six hours. */
const filled = (engine: TestServer['engine']): Template => {
  const desired = desiredFrom([iot, market, metrics, service]);
  const schema = appliedSchema(desired, 'all jobs');
  return {
    key: ['for exports', engine, CHUNKS, ROWS],
    base: schema,
    build: async (url) => {
      await execute(url, ...(engine !== 'timescaledb' ? CHUNKS : []), ...ROWS);
      await withConnection(url, (db) => refreshAggregates(db, engine, desired.aggregates));
    },
  };
};

/** A filled database for a suite, and one process for all of its commands. */
export async function startExportPlant(server: TestServer): Promise<ExportPlant> {
  const folder = temporaryFolder();
  const database = await createTestDatabase(server, filled(server.engine));
  const { url } = database;
  const env = { DATABASE_URL: url, TSDB_SCHEMAS: 'iot,market,metrics,service' };
  const [host, reader] = [startHost(), parquetReader()];
  const run: ExportPlant['run'] = (...args) => host.run(['export', ...args], env);
  const text: ExportPlant['text'] = async (...args) => {
    const { code, stdout, stderr } = await run(...args, '--out', '-');
    expect({ code, stderr: stderr.replace(/^\d+ rows?.*\n$/, '') }).toEqual({ code: 0, stderr: '' });
    return stdout;
  };
  return {
    url,
    env,
    folder,
    path: (name) => join(folder, name),
    command: (...args) => host.run(args, env),
    run,
    text,
    lines: async (...args) =>
      (await text(...args, '--format', 'ndjson'))
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    parquet: async (name, ...args) => {
      const { code, stderr } = await run(...args, '--out', join(folder, name), '--force');
      expect({ code, stderr }).toMatchObject({ code: 0 });
      return reader.read(join(folder, name));
    },
    stop: async () => {
      reader.stop();
      await host.stop();
      await database.drop();
      removeFolder(folder);
    },
  };
}

const CHUNKS = [
  ['public', 'sensor_data'],
  ['metrics', 'device_telemetry'],
  ['metrics', 'metrics'],
  ['market', 'stock_prices'],
].map(
  ([schema, table]) =>
    `SELECT tsdb.ensure_chunks('${schema}', '${table}', '${day(-7)}Z'::timestamptz, '${day(4)}Z'::timestamptz)`,
);
const TELEMETRY = [
  `('${day()} 00:00:00.000001Z', '00000000-0000-4000-8000-000000000001', 'NaN', '-0', NULL, 9007199254740993, -9223372036854775808, '(1.5,-2)', '{"a": [1, null, "x\\"y"], "ö": 12345678901234567890}')`,
  `('${day()} 00:00:00.000001Z', '00000000-0000-4000-8000-000000000001', 'NaN', '-0', NULL, 9007199254740993, -9223372036854775808, '(1.5,-2.5)', NULL)`,
  `('${day()} 00:00:00.000002Z', '00000000-0000-4000-8000-000000000002', 'Infinity', '-Infinity', 0.1, 5, NULL, NULL, '[]')`,
  `('${day(2)} 12:00:00Z', '00000000-0000-4000-8000-000000000003', 1e300, 5e-324, 0, 0, 0, '(0,0)', '"text"')`,
];
const ROWS = [
  `INSERT INTO metrics.device_telemetry (time, device_id, cpu_usage, memory_usage, disk_usage, network_rx, network_tx, location, metadata) VALUES ${TELEMETRY.join(',')}`,
  `INSERT INTO metrics.metrics (time, device_id, metric_name, value, tags)
   SELECT '${day()}Z'::timestamptz + at * interval '1 second', 'd', name, at, '{}' FROM unnest(ARRAY[${TEXTS.filter((value) => value !== 'NULL').join(',')}]) WITH ORDINALITY t(name, at)`,
  `INSERT INTO public.sensor_data SELECT t, 'sensor_' || s, 20 + s + extract(minute FROM t) / 60, NULL, 1000
     FROM generate_series('${day()}Z'::timestamptz, '${day()} 05:59:00Z', '1 minute') t, generate_series(1, 3) s`,
  `INSERT INTO market.stock_prices SELECT t, chr(64 + s), s, s, s, s, 1
     FROM generate_series('${day(-6)}Z'::timestamptz, '${day(2)}Z', '1 hour') t, generate_series(1, 6) s`,
];
