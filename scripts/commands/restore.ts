// tsdb restore: a backup into a new or empty database, and the proof that it is complete.
import { resolve } from 'node:path';
import { RefusedError, UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { counted } from '../../db/core/quantities';
import { processEnvironment } from '../../db/server/config';
import { databaseOf, inDatabase } from '../backup/address';
import { type Manifest, readManifest, requireIntact } from '../backup/manifest';
import { type RestoreReport, restoreBackup } from '../backup/restore';
import { inspectTarget, type Target } from '../backup/target';
import { confirm } from '../confirm';
import { readContext, requireConnection } from '../context';
import { note, print, printJson, table } from '../output';
import { totalOf } from './backup';

export interface RestoreFlags {
  readonly into?: string;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Restores. Exit code 0 when every row is there, 1 when some are missing, 3 when the database is not empty. */
export async function restore(file: string, flags: RestoreFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const given = requireConnection(config);
  if (flags.into === '') throw new UsageError('--into "": the name of a database cannot be empty');
  const dump = resolve(file);
  const manifest = readManifest(dump);
  const target = await inspectTarget(inDatabase(given, flags.into ?? databaseOf(given)), manifest);
  await requireIntact(dump, manifest, signal);
  await askPerson(manifest, target, flags, signal);
  const env = processEnvironment();
  const report = await restoreBackup(dump, manifest, target, desired, { env, signal, onNote: note });
  if (flags.json) printJson(report);
  else print(format(report));
  if (!report.inSync)
    note(`schema: ${counted(report.differences, 'difference')}, see "${invocation('plan')}"`);
  return report.complete ? 0 : 1;
}

async function askPerson(
  { file, database, createdAt, rows }: Manifest,
  target: Target,
  { yes }: RestoreFlags,
  signal: AbortSignal,
): Promise<void> {
  const into = `${target.exists ? 'the empty' : 'a new'} database ${target.database}`;
  note(`${file}: database ${database} of ${createdAt}, ${counted(totalOf(rows), 'row')}, into ${into}`);
  if (yes) return;
  if (process.stdin.isTTY !== true)
    throw new RefusedError(
      'nothing was changed, because there is no terminal to ask for confirmation; add --yes',
    );
  const terminal = { input: process.stdin, output: process.stderr };
  if (!(await confirm('Type "yes" to restore: ', signal, terminal)))
    throw new RefusedError('nothing was changed: not confirmed');
}

function format({ database, rows, complete }: RestoreReport): string {
  return [
    table(
      ['relation', 'rows', 'restored'],
      rows.map(({ name, expected, restored }) => [name, String(expected), String(restored)]),
    ),
    complete
      ? `Complete: database ${database} is as it was backed up.`
      : `INCOMPLETE: rows are missing in ${database}.`,
  ].join('\n');
}
