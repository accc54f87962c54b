// tsdb compress, tsdb decompress: convert chunks by hand, for those who do not wait for the policy.
import { RefusedError, UsageError } from '../../db/core/errors';
import { counted, shortBytes } from '../../db/core/quantities';
import { savedPercent } from '../../db/engines/chunks';
import { keptAsRows } from '../../db/engines/citus/columnar';
import type { Desired } from '../../db/language/desired';
import { parseDuration } from '../../db/language/interval';
import { nameOf } from '../../db/language/names';
import type { Db, EngineName } from '../../db/model';
import { withConnection, withRollback } from '../../db/server/connection';
import { hasExtension, readServer } from '../../db/server/server-info';
import {
  type ChunkToConvert,
  type Conversion,
  chunksToCompress,
  chunksToDecompress,
  columnstoreJob,
  convertChunks,
  type Direction,
  type Stored,
} from '../../db/upkeep/compress';
import { readContext, requireConnection } from '../context';
import { note, print, printJson, progressBar, table } from '../output';

export interface CompressFlags {
  readonly olderThan?: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

export interface DecompressFlags {
  readonly from: string;
  readonly to: string;
  readonly dryRun?: boolean;
  readonly json?: boolean;
}

/** Converts what is old enough, of one table or of all that declare a columnstore. */
export async function compress(
  name: string | undefined,
  flags: CompressFlags,
  signal: AbortSignal,
): Promise<number> {
  const { config, desired } = readContext();
  if (flags.olderThan !== undefined) parseDuration(flags.olderThan);
  const tables = name === undefined ? withColumnstore(desired) : [findColumnstore(desired, name, NOTHING)];
  return withConnection(requireConnection(config), async (db) => {
    const suitable = await convertible(db, tables, name !== undefined);
    const chunks: ChunkToConvert[] = [];
    for (const one of suitable)
      chunks.push(...(await chunksToCompress(db, one, flags.olderThan ?? one.columnstore.after)));
    return convert(db, 'columns', chunks, flags, signal);
  });
}

/** Turns the chunks of a range back into rows. */
export async function decompress(name: string, flags: DecompressFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const [from, to] = [parseTime('--from', flags.from), parseTime('--to', flags.to)];
  if (from >= to) throw new UsageError('--from must be before --to');
  const one = findStored(desired, name);
  return withConnection(requireConnection(config), async (db) => {
    const engine = await engineOf(db);
    // On Citus, also chunks of a table that shall not be columnar any more can become rows.
    if (engine !== 'citus') {
      findColumnstore(desired, name, NOTHING);
      await requireColumnstore(db);
    }
    const code = await convert(db, 'rows', await chunksToDecompress(db, one, from, to), flags, signal);
    if (hasColumnstore(one)) await warnOfPolicy(db, one, engine);
    return code;
  });
}

/** A table or aggregate with its declared columnstore. */
export type Declared = Stored & { readonly columnstore: NonNullable<Stored['columnstore']> };

const INTERRUPTED = 130;

async function convert(
  db: Db,
  direction: Direction,
  chunks: readonly ChunkToConvert[],
  { dryRun, json }: { readonly dryRun?: boolean; readonly json?: boolean },
  signal: AbortSignal,
): Promise<number> {
  const conversions = dryRun
    ? chunks.map(untouched)
    : await convertWithProgress(db, direction, chunks, signal);
  const report = summaryOf(direction, dryRun === true, conversions, chunks.length);
  if (json) printJson(report);
  else print(format(report));
  if (conversions.length < chunks.length) {
    note(
      `interrupted: ${conversions.length} of ${counted(chunks.length, 'chunk')} done; run the same command again to convert the others`,
    );
    return INTERRUPTED;
  }
  return report.failed > 0 ? 1 : 0;
}

async function convertWithProgress(
  db: Db,
  direction: Direction,
  chunks: readonly ChunkToConvert[],
  signal: AbortSignal,
): Promise<readonly Conversion[]> {
  const bar = progressBar('converting', chunks.length, 'chunks');
  const conversions: Conversion[] = [];
  const onDone = (conversion: Conversion): void => {
    conversions.push(conversion);
    bar.advanceTo(conversions.length);
    if (process.stderr.isTTY !== true) note(describe(conversion));
  };
  try {
    return await convertChunks(db, direction, chunks, { signal, onDone });
  } finally {
    bar.stop();
  }
}

const untouched = ({ bytes, ...chunk }: ChunkToConvert): Conversion => ({
  ...chunk,
  beforeBytes: bytes,
  afterBytes: null,
  milliseconds: 0,
});

interface Report {
  readonly to: Direction;
  readonly dryRun: boolean;
  readonly found: number;
  readonly converted: number;
  readonly failed: number;
  /** Of the converted chunks; of all found ones in a dry run. */
  readonly beforeBytes: number;
  readonly afterBytes: number | null;
  readonly chunks: readonly Conversion[];
}

function summaryOf(to: Direction, dryRun: boolean, chunks: readonly Conversion[], found: number): Report {
  const failed = chunks.filter(({ error }) => error !== undefined).length;
  const counted = chunks.filter(({ error }) => error === undefined);
  const sum = (pick: (chunk: Conversion) => number): number =>
    counted.reduce((total, chunk) => total + pick(chunk), 0);
  return {
    to,
    dryRun,
    found,
    converted: dryRun ? 0 : counted.length,
    failed,
    beforeBytes: sum(({ beforeBytes }) => beforeBytes),
    afterBytes: dryRun ? null : sum(({ afterBytes }) => afterBytes ?? 0),
    chunks,
  };
}

function format({ to, dryRun, found, converted, failed, beforeBytes, afterBytes, chunks }: Report): string {
  if (found === 0) return `nothing to do: there is no chunk to convert to ${to}`;
  const rows = chunks.map((chunk) => [
    chunk.table,
    chunk.chunk,
    chunk.from ?? '-',
    chunk.to ?? '-',
    chunk.state,
    ...sizes(chunk),
    chunk.error ?? '',
  ]);
  const [before, after, saved] = sizes({ beforeBytes, afterBytes });
  const total = dryRun
    ? `${counted(found, 'chunk')} (${before}) would be converted to ${to}; nothing was changed`
    : `${counted(converted, 'chunk')} converted to ${to}, ${failed} failed: ${before} → ${after}, ${saved} saved`;
  const header = ['table', 'chunk', 'from', 'to', 'was', 'before', 'after', 'saved', 'error'];
  return `${table(header, rows)}\n${total}`;
}

function sizes(of: Pick<Conversion, 'beforeBytes' | 'afterBytes'>): readonly [string, string, string] {
  const saved = savedPercent(of);
  return [
    shortBytes(of.beforeBytes),
    of.afterBytes === null ? '-' : shortBytes(of.afterBytes),
    saved === null ? '-' : `${saved} %`,
  ];
}

function describe(conversion: Conversion): string {
  const { table: owner, chunk, from, to, error, milliseconds } = conversion;
  const [before, after] = sizes(conversion);
  const name = `${owner}: ${chunk} (${from ?? '-'} … ${to ?? '-'})`;
  return error === undefined
    ? `${name}: ${before} → ${after} in ${milliseconds} ms`
    : `${name}: not converted: ${error}`;
}

async function warnOfPolicy(db: Db, one: Declared, engine: EngineName): Promise<void> {
  const job = await columnstoreJob(db, one);
  if (job === undefined) return;
  const [stop, start] =
    engine === 'timescaledb'
      ? [`SELECT alter_job(${job.id}, scheduled => false)`, 'with true']
      : [
          `UPDATE tsdb.job SET next_start = 'infinity' WHERE job_id = ${job.id}`,
          'with now() instead of infinity',
        ];
  note(
    `note: job ${job.id} will convert chunks of ${nameOf(one)} that are older than ${one.columnstore.after} again${job.nextStart === null ? '' : `, next at ${job.nextStart}`}. ` +
      `To keep them as rows, declare a longer columnstore.after and apply it. To keep them as rows for a while, stop the job with ${stop}, and start it later ${start}`,
  );
}

const engineOf = async (db: Db): Promise<EngineName> => (await withRollback(db, () => readServer(db))).engine;

/**
 * The tables whose chunks can become columns on this server; the others are said in a note.
 * @throws RefusedError when it is none, or when the only one was asked for by name.
 */
async function convertible(
  db: Db,
  tables: readonly Declared[],
  named: boolean,
): Promise<readonly Declared[]> {
  if ((await engineOf(db)) !== 'citus') {
    await requireColumnstore(db);
    return tables;
  }
  if (!(await hasExtension(db, 'citus_columnar')))
    throw new RefusedError(
      'this database cannot have columnar chunks: the extension citus_columnar is not there. Let a superuser run "CREATE EXTENSION citus_columnar"',
    );
  return tables.filter((one) => {
    const why = one.kind === 'aggregate' ? 'stored buckets are one table without chunks' : keptAsRows(one);
    if (why === undefined) return true;
    const message = `${nameOf(one)} stays rows on Citus: ${why}`;
    if (named) throw new RefusedError(message);
    note(message);
    return false;
  });
}

/** @throws RefusedError when the server has none. */
export async function requireColumnstore(db: Db): Promise<void> {
  if ((await engineOf(db)) === 'timescaledb') return;
  throw new RefusedError(
    'this server has no columnstore: engine postgres keeps all chunks as rows, and a declared columnstore works only on TimescaleDB Community. To use less space, declare a shorter retention',
  );
}

const hasColumnstore = (one: Stored): one is Declared => one.columnstore !== undefined;

/** @throws RefusedError when no declared table has a columnstore. */
export function withColumnstore({ hypertables, aggregates }: Desired): readonly Declared[] {
  const found = [...hypertables, ...aggregates].filter(hasColumnstore);
  if (found.length > 0) return found;
  throw new RefusedError(
    'no declared table has a columnstore; declare one, e.g. columnstore: { after: "7 days", … }, and apply it',
  );
}

const NOTHING = 'so there is nothing to convert';

/**
 * Finds what a person means by its name, with or without schema.
 * @param consequence of a missing columnstore, after a comma.
 * @throws UsageError when it is not declared; RefusedError when it declares no columnstore.
 */
export function findColumnstore(desired: Desired, name: string, consequence: string): Declared {
  const all = storedIn(desired);
  const found = findStored(desired, name);
  if (hasColumnstore(found)) return found;
  throw new RefusedError(
    `${nameOf(found)} declares no columnstore, ${consequence}; these declare one: ${all.filter(hasColumnstore).map(nameOf).join(', ') || 'none'}`,
  );
}

const storedIn = ({ hypertables, aggregates }: Desired): readonly Stored[] => [...hypertables, ...aggregates];

/** @throws UsageError when it is not declared. */
function findStored(desired: Desired, name: string): Stored {
  const all = storedIn(desired);
  const found = all.find((one) => nameOf(one) === name) ?? all.find((one) => one.name === name);
  if (found !== undefined) return found;
  throw new UsageError(
    `${name} is not a declared table or aggregate; choose from ${all.filter(hasColumnstore).map(nameOf).join(', ')}`,
  );
}

function parseTime(flag: string, text: string): Date {
  const date = new Date(text);
  if (!Number.isNaN(date.getTime())) return date;
  throw new UsageError(`${flag} "${text}" is not a time; write e.g. 2026-11-01 or 2026-11-01T12:00:00Z`);
}
