// Ingest methods side by side: the same rows into the same table, emptied before each, in an order that is rotated.
// `rows` makes the rows and their CSV file, `sql-methods` and `program-methods` write them, `speeds` sums up what was measured.
import { rmSync } from 'node:fs';
import type { Client } from 'pg';
import { DatabaseError } from '../../../db/core/errors';
import { counted } from '../../../db/core/quantities';
import type { Environment } from '../../../db/core/settings';
import { relation } from '../../../db/core/sql';
import { desiredFrom } from '../../../db/language/desired';
import type { EngineName } from '../../../db/model';
import { applySchema } from '../../../db/reconcile/apply';
import { iot, sensorData } from '../../../db/schema/iot';
import { withConnection } from '../../../db/server/connection';
import { ensureChunks } from '../../../db/server/copy';
import { inTurns, type RunControl } from '../in-turns';
import type { BenchOptions, IngestReport } from '../report/report';
import { pauseAllJobs } from '../year';
import {
  type CsvRun,
  findOnPath,
  IMPORT_TITLES,
  runImport,
  runParallelCopy,
  runPsqlCopy,
} from './program-methods';
import { type Row, readings, writeCsv } from './rows';
import { type Entry, type Measurement, reportOf } from './speeds';
import { sqlMethods } from './sql-methods';

export interface IngestOptions
  extends Pick<BenchOptions, 'rows' | 'sensors' | 'intervalSeconds' | 'repeat'>,
    RunControl {
  readonly env: Environment;
  /** A file that may be written and is removed. */
  readonly file: string;
}

/**
 * Measures every method on an empty database, `repeat` times after one round that is thrown away.
 * @throws DatabaseError when a method did not write all rows.
 */
export async function measureIngest(url: string, options: IngestOptions): Promise<IngestReport> {
  const { repeat, file, env, signal, onNote } = options;
  const desired = desiredFrom([iot]);
  const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
  const { engine } = plan.server;
  const rows = readings(options.rows, options);
  try {
    const fileBytes = await writeCsv(file, rows);
    return await withConnection(url, async (db) => {
      await pauseAllJobs(db, engine);
      const { methods, missing } = methodsOf(db, rows, { url, file, env, signal });
      const onRound = (round: number): void =>
        onNote(round === 0 ? 'ingest: warming up' : `ingest: round ${round} of ${repeat}`);
      const works = methods.map((method) => async (round: number) => {
        await empty(db, engine, rows);
        const measured = await method.run(round);
        await requireRows(db, method);
        return measured;
      });
      const measured = await inTurns({ rounds: repeat, signal, onRound }, works);
      const rounds = Array.from({ length: repeat }, (_, round) => measured.flatMap((of) => of[round] ?? []));
      const entries = methods.flatMap((method) => method.entries);
      return reportOf(entries, rounds, { rows: rows.length, fileBytes, missing });
    });
  } finally {
    rmSync(file, { force: true });
  }
}

/** One run of a method, which may give several figures. */
interface Method {
  readonly entries: readonly Entry[];
  run(round: number): Promise<readonly Measurement[]>;
}

function methodsOf(
  db: Client,
  rows: readonly Row[],
  program: CsvRun,
): { readonly methods: readonly Method[]; readonly missing: readonly string[] } {
  const inSession = sqlMethods.map(({ id, title, most, write }): Method => {
    const part = rows.slice(0, most);
    const run = async () => {
      const started = performance.now();
      await write(db, part);
      return [{ id, milliseconds: performance.now() - started }];
    };
    return { entries: [{ id, title, rows: part.length }], run };
  });
  const ownImport: Method = {
    entries: Object.entries(IMPORT_TITLES).map(([id, title]) => ({ id, title, rows: rows.length })),
    run: (round) => runImport(program, `bench_${round}`),
  };
  const found = PROGRAMS.map((other) => ({ ...other, path: findOnPath(other.name, program.env) }));
  const others = found.flatMap(({ id, title, path, run }): readonly Method[] => {
    if (path === undefined) return [];
    const measure = async () => [{ id, milliseconds: await run(path, program) }];
    return [{ entries: [{ id, title, rows: rows.length }], run: measure }];
  });
  const missing = found.filter(({ path }) => path === undefined).map(({ name }) => name);
  return { methods: [...inSession, ownImport, ...others], missing };
}

const PROGRAMS = [
  { id: 'psql-copy', name: 'psql', title: 'psql \\copy, whole process', run: runPsqlCopy },
  {
    id: 'parallel-copy',
    name: 'timescaledb-parallel-copy',
    title: 'timescaledb-parallel-copy, whole process',
    run: runParallelCopy,
  },
] as const;

async function empty(db: Client, engine: EngineName, rows: readonly Row[]): Promise<void> {
  await db.query(`TRUNCATE ${relation(sensorData)}`);
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
