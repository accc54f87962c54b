// Ingest methods side by side: the same rows into the same table, emptied before each, in an order that is rotated.
import { rmSync } from 'node:fs';
import type { Client } from 'pg';
import { applySchema } from '../../../db/apply';
import { withConnection } from '../../../db/connection';
import { ensureChunks } from '../../../db/copy';
import { desiredFrom } from '../../../db/desired';
import { DatabaseError } from '../../../db/errors';
import type { EngineName } from '../../../db/model';
import { iot, sensorData } from '../../../db/schema/iot';
import type { Environment } from '../../../db/settings';
import { relation } from '../../../db/sql';
import type { IngestReport } from '../report/report';
import { rotated } from '../report/statistics';
import { pauseAllJobs } from '../year';
import { findOnPath, type ProgramRun, runImport, runParallelCopy, runPsqlCopy } from './program-methods';
import { type Row, readings, writeCsv } from './rows';
import { type Entry, type Measurement, reportOf } from './speeds';
import { sqlMethods } from './sql-methods';

export interface IngestOptions {
  readonly rows: number;
  readonly sensors: number;
  readonly intervalSeconds: number;
  readonly repeat: number;
  readonly env: Environment;
  /** A file that may be written and is removed. */
  readonly file: string;
  readonly signal?: AbortSignal | undefined;
  readonly onNote: (text: string) => void;
}

/** Measures every method on an empty database, `repeat` times after one round that is thrown away. */
export async function measureIngest(url: string, options: IngestOptions): Promise<IngestReport> {
  const { repeat, file, signal, onNote } = options;
  const desired = desiredFrom([iot]);
  const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
  const { engine } = plan.server;
  const rows = readings(options.rows, options);
  try {
    const fileBytes = await writeCsv(file, rows);
    return await withConnection(url, async (db) => {
      await pauseAllJobs(db, engine);
      const { methods, missing } = methodsOf(db, rows, { url, file, env: options.env, signal });
      const rounds: Measurement[][] = [];
      for (let round = 0; round <= repeat; round += 1) {
        onNote(round === 0 ? 'ingest: warming up' : `ingest: round ${round} of ${repeat}`);
        const measured: Measurement[] = [];
        for (const at of rotated(methods.length, round)) {
          signal?.throwIfAborted();
          const method = methods[at] as Method;
          await empty(db, engine, rows);
          measured.push(...(await method.run(round)));
          await requireRows(db, method);
        }
        if (round > 0) rounds.push(measured);
      }
      const entries = methods.flatMap((method) => method.entries);
      return reportOf(entries, rounds, { rows: rows.length, fileBytes, missing });
    });
  } finally {
    rmSync(file, { force: true });
  }
}

/** One thing that is carried out and may give several figures. */
interface Method {
  readonly entries: readonly Entry[];
  run(round: number): Promise<readonly Measurement[]>;
}

function methodsOf(
  db: Client,
  rows: readonly Row[],
  program: ProgramRun,
): { readonly methods: readonly Method[]; readonly missing: readonly string[] } {
  const own = sqlMethods.map(({ id, title, most, write }): Method => {
    const part = rows.slice(0, most);
    return {
      entries: [{ id, title, rows: part.length }],
      run: async () => {
        const started = process.hrtime.bigint();
        await write(db, part);
        return [{ id, milliseconds: Number(process.hrtime.bigint() - started) / 1e6, peakBytes: null }];
      },
    };
  });
  const all = rows.length;
  const ours: Method = {
    entries: [
      { id: 'import-load', title: 'tsdb import, check and load', rows: all },
      { id: 'import-work', title: 'tsdb import, aggregates refreshed', rows: all },
      { id: 'import', title: 'tsdb import, whole process', rows: all },
    ],
    run: async (round) => {
      const { whole, work, load, peakBytes } = await runImport(program, `bench_${round}`);
      return [
        { id: 'import-load', milliseconds: load, peakBytes: null },
        { id: 'import-work', milliseconds: work, peakBytes: null },
        { id: 'import', milliseconds: whole, peakBytes },
      ];
    },
  };
  const found = OTHERS.map(({ name, ...other }) => ({ name, ...other, path: findOnPath(name, program.env) }));
  const others = found.flatMap(({ id, title, path, run }): Method[] =>
    path === undefined
      ? []
      : [
          {
            entries: [{ id, title, rows: all }],
            run: async () => [{ id, ...(await run(path, program)), peakBytes: null }],
          },
        ],
  );
  const missing = found.filter(({ path }) => path === undefined).map(({ name }) => name);
  return { methods: [...own, ours, ...others], missing };
}

const OTHERS = [
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
      `${entries[0]?.title}: ${count} of ${wanted} rows arrived; its speed means nothing`,
    );
}
