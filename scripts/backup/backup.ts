// `tsdb backup`: a database and a folder go in, a dump and its manifest come out, both of one snapshot of the database, or
// nothing at all. `restore` is the way back.
// - `folder`: names, one writer at a time, what is old enough to go; `manifest`: the file beside each dump, and its check
// - `programs`: finds pg_dump and pg_restore; `address`: the database as these programs are told it
// - `relations`: the declared tables and their rows; `target`: the database that a backup is restored into
import { closeSync, existsSync, openSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client, ClientConfig } from 'pg';
import { DatabaseError, RefusedError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import type { Desired } from '../../db/language/desired';
import type { Db } from '../../db/model';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { withAbortListener } from '../abort-listener';
import { type ProgramRun, runProgram } from '../run-program';
import { libpqEnvironment } from './address';
import { dumpName, PARTIAL, removeOld, syncToDisk, withBackupFolder } from './folder';
import { type Manifest, manifestOf, measure } from './manifest';
import { findProgram, majorOf, type Program } from './programs';
import { type CountedRelation, countRows, declaredRelations } from './relations';

export interface BackupOptions extends ProgramRun {
  readonly folder: string;
  readonly keepDays: number;
  readonly signal: AbortSignal;
  readonly onNote: (text: string) => void;
}

export interface BackupReport {
  readonly version: 1;
  /** Path of the dump. */
  readonly dump: string;
  readonly manifest: Manifest;
  /** Names of older backups that were removed. */
  readonly removed: readonly string[];
}

/**
 * Backs a database up into a folder, and then removes backups of it that are older than `keepDays`.
 * @throws RefusedError when none of the declared tables is there, or the folder is in use; UsageError when pg_dump or
 * pg_restore is missing or too old; DatabaseError when the dump fails or lacks a declared table.
 */
export function takeBackup(
  connection: ClientConfig,
  desired: Desired,
  options: BackupOptions,
): Promise<BackupReport> {
  const { keepDays, signal } = options;
  return withBackupFolder(options.folder, (folder) =>
    withConnection(connection, async (db) => {
      // A count that is still running must not delay the end.
      const leave = (): void => void db.end().catch(() => undefined);
      return withAbortListener(signal, leave, async () => {
        const manifest = await withRollback(db, () =>
          writeBackup(db, connection, desired, { ...options, folder }),
        );
        const removed = removeOld(folder, manifest, keepDays);
        return { version: 1, dump: join(folder, manifest.file), manifest, removed };
      });
    }),
  );
}

async function writeBackup(
  db: Client,
  connection: ClientConfig,
  desired: Desired,
  { folder, env, signal, onNote }: BackupOptions,
): Promise<Manifest> {
  const server = await readServer(db);
  const { present, missing } = await declaredRelations(db, desired);
  if (present.length === 0)
    throw new RefusedError(
      `database ${server.database} has none of the declared tables; is it the right one, and has "${invocation('apply')}" run?`,
    );
  for (const name of missing) onNote(`${name} is declared and not in the database: not in the backup`);
  const major = majorOf(server.serverVersion);
  const [dumper, reader] = [findProgram('pg_dump', major, env), findProgram('pg_restore', major, env)];
  const { snapshot, at } = await exportSnapshot(db);
  const file = await freeName(folder, server.database);
  const final = join(folder, file);
  const draft = `${final}${PARTIAL}`;
  const run = { env: libpqEnvironment(connection, env), signal };
  try {
    // The file is created here, before pg_dump writes to it, so that it is never readable for others.
    closeSync(openSync(draft, 'wx', 0o600));
    const args = ['--format=custom', '--no-password', `--snapshot=${snapshot}`, `--file=${draft}`];
    const rows = await bothOrNeither(signal, (either) => [
      countRows(db, present),
      runProgram([dumper.path, ...args], { ...run, signal: either }),
    ]);
    await requireComplete(reader, draft, present, run);
    const manifest: Manifest = {
      version: 1,
      file,
      createdAt: at,
      ...server,
      dumpVersion: dumper.version,
      roles: await involvedRoles(db),
      rows,
      ...(await measure(draft, signal)),
    };
    await publish(draft, final, manifest, signal);
    return manifest;
  } catch (error) {
    for (const path of [draft, final, `${manifestOf(final)}${PARTIAL}`, manifestOf(final)])
      rmSync(path, { force: true });
    throw error;
  }
}

// The transaction of this session keeps the snapshot alive while pg_dump reads.
async function exportSnapshot(db: Db): Promise<{ snapshot: string; at: string }> {
  await db.query('SET LOCAL row_security = off');
  const { rows } = await db.query<{ snapshot: string; at: string }>(
    `SELECT pg_export_snapshot() AS snapshot, to_char(now() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at`,
  );
  return rows[0] as { snapshot: string; at: string };
}

async function freeName(folder: string, database: string): Promise<string> {
  for (;;) {
    const name = dumpName(database, new Date());
    if (!existsSync(join(folder, name))) return name;
    await sleep(100);
  }
}

// Rows are counted while the dump is written. When one of the two fails, the other is stopped, because it is of no use alone.
async function bothOrNeither<T>(
  signal: AbortSignal,
  start: (either: AbortSignal) => readonly [Promise<T>, Promise<unknown>],
): Promise<T> {
  const stop = new AbortController();
  const [counting, dumping] = start(AbortSignal.any([signal, stop.signal]));
  try {
    const [counts] = await Promise.all([counting, dumping]);
    return counts;
  } catch (error) {
    stop.abort();
    await Promise.allSettled([dumping]);
    signal.throwIfAborted();
    throw error;
  }
}

// Ends of lines of the table of contents: `TABLE public sensor_data postgres`.
async function requireComplete(
  reader: Program,
  draft: string,
  relations: readonly CountedRelation[],
  run: ProgramRun,
): Promise<void> {
  const { stdout } = await runProgram([reader.path, '--list', draft], run);
  const entries = new Set(
    [...stdout.matchAll(/^\d+; \d+ \d+ (TABLE|VIEW) (\S+) (\S+) /gm)].map(
      ([, kind, schema, name]) => `${kind} ${schema}.${name}`,
    ),
  );
  const lacking = relations.filter(({ kind, name }) => !entries.has(`${kind} ${name}`));
  if (lacking.length > 0)
    throw new DatabaseError(
      `the dump lacks ${lacking.map(({ name }) => name).join(', ')}; let the user of the backup read them`,
    );
}

async function involvedRoles(db: Db): Promise<readonly string[]> {
  const { rows } = await db.query<{ role: string }>(
    `SELECT r.rolname AS role FROM pg_roles r WHERE r.oid IN (
       SELECT d.refobjid FROM pg_shdepend d
         JOIN pg_database b ON b.oid = d.dbid AND b.datname = current_database()
        WHERE d.refclassid = 'pg_authid'::regclass
       UNION SELECT c.relowner FROM pg_class c)
      ORDER BY r.rolname`,
  );
  return rows.map(({ role }) => role);
}

// The dump gets its final name last, so that every dump has its manifest.
async function publish(draft: string, final: string, manifest: Manifest, signal: AbortSignal): Promise<void> {
  const note = manifestOf(final);
  writeFileSync(`${note}${PARTIAL}`, `${JSON.stringify(manifest, null, 2)}\n`, { mode: 0o600 });
  await syncToDisk(draft);
  await syncToDisk(`${note}${PARTIAL}`);
  signal.throwIfAborted();
  renameSync(`${note}${PARTIAL}`, note);
  renameSync(draft, final);
  await syncToDisk(join(final, '..'));
}
