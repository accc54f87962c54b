// tsdb backup: a verified dump with its manifest.
import { counted } from '../../db/core/quantities';
import { processEnvironment } from '../../db/server/config';
import { takeBackup } from '../backup/backup';
import { readContext, requireConnection } from '../context';
import { note, print, printJson } from '../output';

export interface BackupFlags {
  readonly out: string;
  readonly keepDays: number;
  readonly json?: boolean;
}

/** Writes one backup and removes old ones. Exit code 0. */
export async function backup(flags: BackupFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const report = await takeBackup(requireConnection(config), desired, {
    folder: flags.out,
    keepDays: flags.keepDays,
    env: processEnvironment(),
    signal,
    onNote: note,
  });
  for (const name of report.removed) note(`removed ${name}: older than ${counted(flags.keepDays, 'day')}`);
  if (flags.json) printJson(report);
  else
    print(
      `${report.dump}: ${counted(report.manifest.bytes, 'byte')}, ${counted(totalOf(report.manifest.rows), 'row')}`,
    );
  return 0;
}

/** Sum of the rows of all relations. */
export const totalOf = (rows: Readonly<Record<string, number>>): number =>
  Object.values(rows).reduce((sum, count) => sum + count, 0);
