// For tests of backups: a database with something in each kind of object, and the commands that work on it.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withDatabase } from '../../db/local/server-facts';
import { createTestDatabase, type TestDatabase } from '../../db/local/test-servers';
import { describeUnless } from '../../db/local/testing/needs';
import { removeFolder, temporaryFolder } from '../../db/local/testing/places';
import { iot } from '../../db/schema/iot';
import { market } from '../../db/schema/market';
import { service } from '../../db/schema/service';
import { applied, execute, select } from '../../db/testing/apply';
import { startHost } from './command-host';
import type { Finished } from './command-line';
import { type DumpServer, dumpEngines, programFolder, programMajor, startDumpServer } from './dump-servers';

/** A filled database and a folder for its backups. */
export interface Plant {
  readonly server: DumpServer;
  readonly database: TestDatabase;
  /** A folder for everything that a test writes. */
  readonly place: string;
  readonly env: Readonly<Record<string, string>>;
  /** Runs a command in the suite's one process for them; those that are about the process itself start their own. */
  run(...args: readonly string[]): Promise<Finished>;
  /** The same with other settings. */
  runWith(settings: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Finished>;
  /** A name for a database, which is dropped in the end. */
  newName(): string;
  /** Address of a database on the same server. */
  at(name: string): string;
  exists(name: string): Promise<boolean>;
  stop(): Promise<void>;
}

/** Readings of `startPlant`, and prices. */
export const SEEDED = { readings: 3 * 10 * 48, prices: 90 };

/** `describe` once per engine that can be dumped here; where there is none, one skipped suite and one line. */
export function describeDumps(title: string, body: (engine: DumpServer['engine']) => void): void {
  for (const engine of dumpEngines) describe(`${title} on ${engine}`, () => body(engine));
  if (dumpEngines.length > 0) return;
  describeUnless('no PostgreSQL with pg_dump was found (TSDB_PG_BIN)', title, () => {
    it('needs pg_dump', () => undefined);
  });
}

/** Begins with three sets, fills hypertables (one of them hash-partitioned), compresses chunks, refreshes aggregates. */
export async function startPlant(engine: DumpServer['engine']): Promise<Plant> {
  const place = temporaryFolder();
  const server = await startDumpServer(engine, place);
  const database = await createTestDatabase(server, applied([iot, service, market], 'retention'));
  const env = {
    DATABASE_URL: database.url,
    TSDB_SCHEMAS: 'iot,service,market',
    TSDB_PG_BIN: programFolder ?? '',
  };
  const host = startHost();
  const run: Plant['run'] = (...args) => host.run(args, env);
  const series = ['--days', '10', '--sensors', '3', '--interval', '1800', '--gaps', '0'];
  expect(await run('seed', ...series)).toMatchObject({
    code: 0,
  });
  await execute(database.url, ...(engine !== 'timescaledb' ? [CHUNKS, PRICES] : [PRICES, COMPRESS]));
  expect(await run('refresh')).toMatchObject({ code: 0 });
  const restored: string[] = [];
  return {
    server,
    database,
    place,
    env,
    run,
    runWith: (settings, ...args) => host.run(args, { ...env, ...settings }),
    newName: () => {
      const name = `tsdb_restored_${process.pid}_${engine}_${restored.length}`;
      restored.push(name);
      return name;
    },
    at: (name) => withDatabase(database.url, name),
    exists: async (name) =>
      (await select(server.url, 'SELECT FROM pg_database WHERE datname = $1', [name])).length > 0,
    stop: async () => {
      await host.stop();
      for (const name of restored) await execute(server.url, `DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
      await database.drop();
      await server.stop();
      removeFolder(place);
    },
  };
}

const CHUNKS = `SELECT tsdb.ensure_chunks('market', 'stock_prices', now() - interval '3 weeks', now())`;
const PRICES = `INSERT INTO market.stock_prices
  SELECT now() - n * interval '5 hours', 'S' || n % 7, n, n + 1, n - 1, n + 0.5, n * 10 FROM generate_series(1, 90) n`;
const COMPRESS = `SELECT public.compress_chunk(c)
  FROM public.show_chunks('public.sensor_data', older_than => interval '3 days') c`;

/** A folder of shell scripts that stand for the programs; `--version` says that of the real ones unless told otherwise. */
export function fakePrograms(place: string, name: string, scripts: Readonly<Record<string, string>>): string {
  const folder = join(place, `programs-${name}`);
  mkdirSync(folder);
  const { version = `${programMajor}.99`, ...programs } = scripts;
  for (const [program, body] of Object.entries(programs)) {
    const answer = `[ "$1" = --version ] && { echo "${program} (PostgreSQL) ${version}"; exit 0; }`;
    writeFileSync(join(folder, program), `#!/bin/sh\n${answer}\n${body}\n`);
    chmodSync(join(folder, program), 0o755);
  }
  return folder;
}
