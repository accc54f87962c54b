// Ways to write a CSV file by a program: our own import, psql, and timescaledb-parallel-copy where it is found.
import { randomUUID } from 'node:crypto';
import { delimiter } from 'node:path';
import { DatabaseError } from '../../../db/core/errors';
import type { Environment } from '../../../db/core/settings';
import { ident, literal, relation } from '../../../db/core/sql';
import { sensorData } from '../../../db/schema/iot';
import { libpqEnvironment } from '../../backup/address';
import { executables } from '../../backup/programs';
import type { ImportReport } from '../../import/options';
import type { ProgramRun } from '../../run-program';
import { childEnvironment, type ProcessRun, timedProcess } from '../child-process';
import { COLUMNS } from './rows';
import type { Measurement } from './speeds';

/** How a program is run, where it writes, and what. */
export interface CsvRun extends ProgramRun {
  /** How this program's own command line is started. */
  readonly tsdb: readonly [string, ...string[]];
  readonly url: string;
  readonly file: string;
}

/** The figures of `runImport`: the whole process, without the start of Node.js, and without the aggregates, which no other method refreshes. */
export const IMPORTS = [
  {
    workers: 2,
    load: { id: 'import-load', title: 'tsdb import, check and load' },
    work: { id: 'import-work', title: 'tsdb import, aggregates refreshed' },
    whole: { id: 'import', title: 'tsdb import, whole process' },
  },
  {
    workers: 1,
    load: { id: 'import-1-load', title: 'tsdb import --workers 1, check and load' },
    work: { id: 'import-1-work', title: 'tsdb import --workers 1, aggregates refreshed' },
    whole: { id: 'import-1', title: 'tsdb import --workers 1, whole process' },
  },
] as const;

/** `tsdb import` as people run it: another process of this program, including the pass that checks the file. */
export function importOnce({ url, file, tsdb, env, signal }: CsvRun, workers: number): Promise<ProcessRun> {
  const flags = ['import', file, '--table', sensorData.name, '--workers', String(workers), '--json'];
  return timedProcess(
    // A name of its own, because an import that has finished is not done a second time.
    [...tsdb, ...flags, '--id', randomUUID()],
    { env: childEnvironment(env, { DATABASE_URL: url, TSDB_SCHEMAS: 'iot' }), signal },
  );
}

/** The figures of one import. */
export async function runImport(
  run: CsvRun,
  { workers, load, work, whole }: (typeof IMPORTS)[number],
): Promise<readonly Measurement[]> {
  const { milliseconds, stdout, stderr, peakBytes } = await importOnce(run, workers);
  const { rows, refreshed } = JSON.parse(stdout) as ImportReport;
  // The command reports its speed by its own clock, which starts when the program begins to work.
  const speed = Number(/^(\d+) rows\/s$/m.exec(stderr)?.[1]);
  if (!(speed > 0)) throw new DatabaseError(`tsdb import did not say how fast it was:\n${stderr}`);
  const worked = (rows / speed) * 1_000;
  const refreshing = refreshed.reduce((sum, { milliseconds: spent }) => sum + spent, 0);
  return [
    { id: load.id, milliseconds: worked - refreshing },
    { id: work.id, milliseconds: worked },
    { id: whole.id, milliseconds, peakBytes },
  ];
}

/** psql's `\copy` of the same file; milliseconds. */
export function runPsqlCopy(psql: string, run: CsvRun): Promise<number> {
  const names = COLUMNS.map((name) => ident(name)).join(', ');
  const command = `\\copy ${relation(sensorData)} (${names}) FROM ${literal(run.file)} WITH (FORMAT csv, HEADER)`;
  return timed([psql, '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-c', command], run);
}

/** TimescaleDB's own loader with two workers, as many as `tsdb import` has; milliseconds. */
export function runParallelCopy(program: string, run: CsvRun): Promise<number> {
  const flags = ['--schema', sensorData.schema, '--table', sensorData.name, '--columns', COLUMNS.join(',')];
  const more = ['--file', run.file, '--skip-header', '--workers', '2', '--copy-options', 'CSV'];
  return timed([program, '--connection', 'application_name=tsdb', ...flags, ...more], run);
}

// What a program of libpq needs to know about the database is in its environment, the password too.
async function timed(command: readonly [string, ...string[]], { url, env, signal }: CsvRun): Promise<number> {
  const run = { env: libpqEnvironment({ connectionString: url }, env), signal };
  return (await timedProcess(command, run)).milliseconds;
}

/** The program in the folder TSDB_PG_BIN, else on PATH; undefined when there is none. */
export const findOnPath = (name: string, { TSDB_PG_BIN, PATH = '' }: Environment): string | undefined =>
  executables([TSDB_PG_BIN, ...PATH.split(delimiter)], name)[0];
