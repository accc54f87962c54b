// `tsdb bench`: options go in, the report comes out. Every server in turn, every part on databases of its own.
// - `servers`, `databases`, `machine`: what is measured on, and what is removed afterwards
// - `year`, `columnstore`: fill a database as the parts need it
// - `queries/`, `ingest/`, `compression`, `api/`, `growth/`: the parts, each with one function that gives its figures
// - `in-turns`, `child-process`, `http-client`: how things are measured
// - `report/`: the report's types, statistics, budgets and notes, and its text for the terminal; `page/`: the HTML page
// - `synth/`: `npm run bench:synth`, which is about the stacks and not about a database
// - `quick/`: `npm run bench:quick`, the ratios of many parts in small sizes beside recorded ones
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../db/core/settings';
import { describeServer, serverFacts } from '../../db/local/server-facts';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { measureApi } from './api/api-overhead';
import { canMeasureApi } from './api/processes';
import { measureCompression } from './compression';
import { type UseDatabase, withDatabases } from './databases';
import { measureGrowth } from './growth/growth';
import { measureIngest } from './ingest/ingest';
import { loadNow, readMachine, readSettings } from './machine';
import { measureQueries } from './queries/queries';
import { queryCases } from './queries/query-cases';
import { judge } from './report/budgets';
import { notesOf } from './report/notes';
import type { BenchOptions, BenchReport, Part, ServerReport } from './report/report';
import { type BenchServer, benchServers } from './servers';
import { prepareYear } from './year';

export interface BenchContext {
  readonly options: BenchOptions;
  /** Address of the configured server; undefined = private servers of both engines. */
  readonly configured: string | undefined;
  readonly env: Environment;
  /** How to get the figures again. */
  readonly command: string;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
}

/**
 * Measures. Whatever happens, Ctrl-C included, databases and servers of the benchmark are gone afterwards.
 * @throws RefusedError when the server's user may not create databases; UsageError when no server can be started;
 * DatabaseError when the sides of a comparison do not do the same work.
 */
export async function runBench(context: BenchContext): Promise<BenchReport> {
  const { options, configured, env, command, onNote } = context;
  const started = new Date().toISOString();
  const loadBefore = loadNow();
  const servers: ServerReport[] = [];
  for (const start of benchServers(configured, env, onNote)) {
    context.signal.throwIfAborted();
    const server = await start();
    try {
      const measure = (use: UseDatabase) => measureParts(server, use, context);
      servers.push(await withDatabases(server.url, context, measure));
    } finally {
      await server.stop();
    }
  }
  const isFullRange = (id: string): boolean =>
    queryCases(new Date(), options.days).some((query) => query.id === id && query.isFullRange);
  const machine = { ...readMachine(), loadBefore, loadAfter: loadNow() };
  return {
    format: 1,
    started,
    finished: new Date().toISOString(),
    command,
    options,
    machine,
    servers,
    budgets: judge(servers, isFullRange),
    notes: notesOf(machine, servers),
  };
}

async function measureParts(
  { url, origin }: BenchServer,
  use: UseDatabase,
  { options, env, signal, onNote: note }: BenchContext,
): Promise<ServerReport> {
  const started = Date.now();
  const describe = describeServer(await serverFacts(url), origin);
  const onNote = (text: string): void => note(`${describe.replace(/ \(.*$/, '')}: ${text}`);
  const { server, settings } = await identify(use);
  const common = { ...options, env, signal, onNote };
  const wants = (part: Part): boolean => options.parts.includes(part);
  const found: Pick<Mutable<ServerReport>, Part> = {};
  const apiToo = wants('api') && canMeasureApi();
  if (wants('api') && !apiToo) onNote('the API is measured from a checkout only, and is left out');
  if (wants('queries') || apiToo)
    await use('year', async (address) => {
      const year = await prepareYear(address, common);
      if (wants('queries')) found.queries = await measureQueries(address, year, common);
      // With one measurement the figures mean little, so the run is kept short.
      if (apiToo) found.api = await measureApi(address, { ...common, seconds: options.repeat === 1 ? 1 : 2 });
    });
  if (wants('ingest'))
    await use('ingest', async (address) => {
      const file = join(tmpdir(), `tsdb-bench-${process.pid}.csv`);
      found.ingest = await measureIngest(address, { ...common, file, tsdb: OWN_COMMAND });
    });
  if (wants('growth') && !canMeasureApi()) onNote('growth is measured from a checkout only, and is left out');
  else if (wants('growth')) {
    const file = join(tmpdir(), `tsdb-bench-growth-${process.pid}.csv`);
    found.growth = await measureGrowth(use, { ...common, engine: server.engine, file, tsdb: OWN_COMMAND });
  }
  if (wants('compression') && server.engine === 'timescaledb')
    await use('sets', async (address) => {
      found.compression = await measureCompression(address, common);
    });
  return {
    engine: server.engine,
    describe,
    postgresVersion: server.serverVersion,
    timescaledbVersion: server.timescaledbVersion ?? null,
    settings,
    ...found,
    seconds: Math.round((Date.now() - started) / 1_000),
  };
}

/** The program that runs here, started again as `tsdb`. */
const OWN_COMMAND = [process.execPath, ...process.execArgv, process.argv[1] as string] as const;

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

// Only a database of the benchmark's own shows the engine, because the configured one may lack the extension.
const identify = (use: UseDatabase) =>
  use('look', (address) =>
    withConnection(address, async (db) => ({
      server: await withRollback(db, () => readServer(db)),
      settings: await readSettings(db),
    })),
  );
