// Ingest methods side by side: the same rows into the same table, emptied before each, in an order that is rotated.
// `rows` makes the rows and their CSV file; `sql-methods`, `bare-copy`, `program-methods` and `http-methods` write them; `speeds` sums
// up what was measured, and `aggregates-follow` compares the aggregates.
import { rmSync } from 'node:fs';
import type { Client } from 'pg';
import { DatabaseError } from '../../../db/core/errors';
import { counted } from '../../../db/core/quantities';
import type { Environment } from '../../../db/core/settings';
import { relation } from '../../../db/core/sql';
import { type Desired, desiredFrom } from '../../../db/language/desired';
import type { EngineName } from '../../../db/model';
import { applySchema } from '../../../db/reconcile/apply';
import { iot, sensorData } from '../../../db/schema/iot';
import { service } from '../../../db/schema/service';
import { withConnection } from '../../../db/server/connection';
import { ensureChunks } from '../../../db/server/copy';
import { refreshSeeded } from '../../generate/generate';
import { inTurns, type RunControl } from '../in-turns';
import type { BenchOptions, IngestReport } from '../report/report';
import { pauseAllJobs } from '../year';
import { requireAggregates } from './aggregates-follow';
import { copyFile, type FileCopy } from './bare-copy';
import { withHttpMethods } from './http-methods';
import { type CsvRun, findOnPath, IMPORTS, runImport, runParallelCopy, runPsqlCopy } from './program-methods';
import { type Row, readings, writeCsv } from './rows';
import { type Method, reportOf, STAND_IN } from './speeds';
import { sqlMethods } from './sql-methods';

export interface IngestOptions
  extends Pick<BenchOptions, 'rows' | 'sensors' | 'intervalSeconds' | 'repeat'>,
    RunControl {
  readonly env: Environment;
  /** A file that may be written and is removed. */
  readonly file: string;
  /** How `tsdb` is started. */
  readonly tsdb: readonly [string, ...string[]];
  /** Only these methods; all when absent. */
  readonly methods?: readonly string[];
}

/**
 * Measures every method on an empty database, `repeat` times after one round that is thrown away.
 * @throws DatabaseError when a method did not write all rows, or an import left other values in an aggregate.
 */
export async function measureIngest(url: string, options: IngestOptions): Promise<IngestReport> {
  const { repeat, file, env, signal, onNote, tsdb, methods: wanted } = options;
  const desired = desiredFrom([iot, service]);
  const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
  const { engine } = plan.server;
  const rows = readings(options.rows, options);
  try {
    const fileBytes = await writeCsv(file, rows);
    return await withConnection(url, async (db) => {
      await pauseAllJobs(db, engine);
      const table: Filled = { db, engine, desired, rows };
      const { methods: local, missing } = methodsOf(table, { url, file, tsdb, env, signal });
      return withHttpMethods(rows, { url, env }, async (overHttp) => {
        if (overHttp.length === 0)
          onNote('writes over HTTP are measured from a checkout only, and are left out');
        const methods = [...local, ...overHttp].filter(
          ({ entries }) => wanted === undefined || entries.some(({ id }) => wanted.includes(id)),
        );
        const onRound = (round: number): void =>
          onNote(round === 0 ? 'ingest: warming up' : `ingest: round ${round} of ${repeat}`);
        const works = methods.map((method) => async () => {
          await empty(table, method);
          const measured = await method.run();
          await requireRows(db, method);
          if (method.refreshes) await requireAggregates(db, engine, rows);
          return measured;
        });
        const measured = await inTurns({ rounds: repeat, signal, onRound }, works);
        const rounds = Array.from({ length: repeat }, (_, round) =>
          measured.flatMap((of) => of[round] ?? []),
        );
        const entries = methods.flatMap((method) => method.entries);
        return reportOf(entries, rounds, { rows: rows.length, fileBytes, missing });
      });
    });
  } finally {
    rmSync(file, { force: true });
  }
}

/** The table that is filled, and the rows. */
interface Filled {
  readonly db: Client;
  readonly engine: EngineName;
  readonly desired: Desired;
  readonly rows: readonly Row[];
}

function methodsOf({ db, engine, rows }: Filled, program: CsvRun) {
  const timed =
    (id: string, work: () => Promise<unknown>): Method['run'] =>
    async () => {
      const started = performance.now();
      await work();
      return [{ id, milliseconds: performance.now() - started }];
    };
  const inSession = sqlMethods.map(({ id, title, most, write }): Method => {
    const part = rows.slice(0, most);
    return { entries: [{ id, title, rows: part.length }], run: timed(id, () => write(db, part)) };
  });
  const found = PROGRAMS.map((other) => ({ ...other, path: findOnPath(other.name, program.env) }));
  const missing = found.filter(({ path }) => path === undefined).map(({ name }) => name);
  const copies = COPIES.filter(({ id, direct }) =>
    id === STAND_IN ? missing.includes('psql') : !direct || engine === 'timescaledb',
  ).map(({ id, title, ...how }): Method => {
    const run = timed(id, () => copyFile(program.url, program.file, how));
    return { entries: [{ id, title, rows: rows.length }], run };
  });
  const imports = IMPORTS.map((own): Method => {
    const entries = [own.load, own.work, own.whole].map((entry) => ({ ...entry, rows: rows.length }));
    return { entries, refreshes: true, run: () => runImport(program, own) };
  });
  const others = found.flatMap(({ id, title, path, run }): readonly Method[] => {
    if (path === undefined) return [];
    const measure = async () => [{ id, milliseconds: await run(path, program) }];
    return [{ entries: [{ id, title, rows: rows.length }], run: measure }];
  });
  return { methods: [...inSession, ...copies, ...imports, ...others], missing };
}

const PIECE = 5_000;

const COPIES: readonly (FileCopy & { readonly id: string; readonly title: string })[] = [
  {
    id: STAND_IN,
    title: 'one COPY of the file from Node, because psql is missing',
    connections: 1,
    rows: Number.POSITIVE_INFINITY,
    direct: false,
  },
  {
    id: 'copy-2',
    title: 'COPY over 2 connections, 5,000 rows each, nothing checked',
    connections: 2,
    rows: PIECE,
    direct: false,
  },
  {
    id: 'copy-2-direct',
    title: 'the same into the columnstore (enable_direct_compress_copy)',
    connections: 2,
    rows: PIECE,
    direct: true,
  },
];

const PROGRAMS = [
  { id: 'psql-copy', name: 'psql', title: 'psql \\copy, whole process', run: runPsqlCopy },
  {
    id: 'parallel-copy',
    name: 'timescaledb-parallel-copy',
    title: 'timescaledb-parallel-copy, whole process',
    run: runParallelCopy,
  },
] as const;

async function empty({ db, engine, desired, rows }: Filled, { refreshes }: Method): Promise<void> {
  await db.query(`TRUNCATE ${relation(sensorData)}`);
  // What an earlier import left in the aggregates must not pass for what this one brings.
  if (refreshes) await refreshSeeded({ db, engine }, desired.aggregates);
  const [first, last] = [rows[0]?.[0], rows.at(-1)?.[0]];
  if (first && last) await ensureChunks(db, engine, sensorData, first, last);
}

async function requireRows(db: Client, { entries }: Method): Promise<void> {
  const { rows } = await db.query<{ count: string }>(`SELECT count(*) FROM ${relation(sensorData)}`);
  const [count, wanted] = [Number(rows[0]?.count), entries[0]?.rows];
  if (count !== wanted)
    throw new DatabaseError(
      `${entries[0]?.title}: ${count} of ${counted(wanted ?? 0, 'row')} arrived; its speed means nothing`,
    );
}
