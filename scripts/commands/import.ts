// tsdb import: a file of rows into a hypertable.
import { UsageError } from '../../db/core/errors';
import { counted, wordFor } from '../../db/core/quantities';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import { nameOf } from '../../db/language/names';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { readContext, requireConnection } from '../context';
import { previewFile } from '../import/detect/preview';
import { describePreview } from '../import/detect/preview-text';
import { type ImportFlags, optionsOf } from '../import/flags';
import { importRows } from '../import/import';
import type { ImportOptions, ImportReport } from '../import/options';
import { note, type Progress, perSecond, print, printJson, progressBar } from '../output';
import { describeRefresh } from './refresh';

const SOME_REJECTED = 2;
const TO_DECIDE = 2;

/**
 * Imports a file, or shows how it would be read. Exit code 0; 2 when some rows were refused and are in the file of rejects, or when
 * a preview finds something to decide.
 */
export async function importFile(file: string, flags: ImportFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const options = optionsOf(file, flags, find(desired, flags.table));
  const connection = requireConnection(config);
  const { engine } = await withConnection(connection, (db) => withRollback(db, () => readServer(db)));
  if (flags.preview) {
    const preview = await previewFile({ connection, engine, desired }, options);
    if (flags.json) printJson(preview);
    else print(describePreview(preview));
    return preview.problems.length > 0 ? TO_DECIDE : 0;
  }
  let bar: Progress | undefined;
  const onLoaded = (rows: number, total: number): void => {
    bar ??= progressBar('import', total, 'rows', { from: rows, hasRate: true });
    bar.advanceTo(rows);
  };
  const started = Date.now();
  const watcher = { signal, onLoaded, onNote: note };
  const report = await importRows({ connection, engine, desired }, options, watcher).finally(() =>
    bar?.stop(),
  );
  for (const result of report.refreshed) note(describeRefresh(result));
  if (report.resumed > 0)
    note(
      `${report.resumed} of ${counted(report.batches, 'batch', 'batches')} ${wordFor(report.resumed, 'was', 'were')} in the table already`,
    );
  if (report.rejects !== null)
    note(
      `${counted(report.rejected, 'row')} ${wordFor(report.rejected, 'was', 'were')} refused, see ${report.rejects}`,
    );
  note(`${perSecond(report.rows, started)} rows/s`);
  if (flags.json) printJson(report);
  else print(describeImport(report, options));
  return report.rejected > 0 ? SOME_REJECTED : 0;
}

function describeImport({ rows, from, to, skipped }: ImportReport, { dryRun, table }: ImportOptions): string {
  const times = from === null ? '' : `, ${from} … ${to}`;
  const left =
    skipped > 0
      ? `; ${skipped} skipped, because ${wordFor(skipped, 'its key was', 'their keys were')} there`
      : '';
  return `${counted(rows, 'row')} ${dryRun ? 'would be imported' : 'imported'} into ${nameOf(table)}${times}${left}`;
}

function find(desired: Desired, name: string): Hypertable {
  const found = desired.hypertables.find((table) => nameOf(table) === name || table.name === name);
  if (found) return found;
  throw new UsageError(
    `${name} is not a declared hypertable; choose from ${desired.hypertables.map(nameOf).join(', ')}`,
  );
}
