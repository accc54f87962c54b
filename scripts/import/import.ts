// Imports a file of rows into a hypertable. In go the file's path, the table and the options; out come the rows in the table, the
// refreshed aggregates, a file of refused rows and a report.
//   read/   turns the file into bytes, records and rows.
//   check/  is the first pass: it checks every row, with the server's help where that is needed, and writes nothing.
//   detect/ finds out how a file looks, for previews and for the messages about files that are refused.
//   write/  is the second pass: it writes the rows batch by batch, each batch in one transaction with its entry in the ledger.
import { UsageError } from '../../db/core/errors';
import { counted, wordFor } from '../../db/core/quantities';
import { withConnection } from '../../db/server/connection';
import { type Checked, type CheckedRun, checkRows } from './check/check';
import { requireFew, requireUnexpired } from './check/refusals';
import { RejectFile } from './check/reject-file';
import { adviceOn } from './detect/choices';
import type { Destination, ImportOptions, ImportReport, Watcher } from './options';
import { openContent } from './read/content';
import { withFile } from './read/source';
import { conflictKeys } from './write/move-rows';
import { writeFile } from './write/write';

/**
 * Imports a file. Nothing is written before every row was checked. Then the rows are written in batches, and the database keeps
 * which batches it has: the same import, run again after an interruption, writes the others.
 * @throws UsageError when more rows are invalid than allowed; RefusedError for expired rows, a second import or an interruption.
 */
export async function importRows(
  destination: Destination,
  asked: ImportOptions,
  watcher: Watcher = {},
): Promise<ImportReport> {
  if (asked.onConflict !== 'fail') conflictKeys(asked);
  return withFile(asked.file, (path) =>
    withConnection(destination.connection, async (db) => {
      const rejects = new RejectFile(asked.rejects);
      try {
        const checkedRun = await withAdvice(path, asked, watcher, async () => {
          const content = await openContent(path, asked);
          const run = { db, destination, options: content.options, watcher, content, rejects };
          const checked = await checkRows(run);
          for (const text of [...content.notes, ...notesOn(asked, checked)]) watcher.onNote?.(text);
          requireFew({ ...run, checked });
          return { ...run, checked };
        });
        const { options, checked } = checkedRun;
        const { id, content: digest, batches, records, rejected, from, to, ignored } = checked;
        requireUnexpired(checkedRun);
        // A file without rows is not kept in the ledger: the next one like it is no second import.
        const outcome =
          options.dryRun || records === 0
            ? { rows: records - rejected, skipped: 0, rejected, from, to, resumed: 0, refreshed: [] }
            : await writeFile(checkedRun);
        return {
          id,
          content: digest,
          ...outcome,
          batches: batches.length,
          rejects: rejects.first === undefined ? null : rejects.path,
          ignored,
        };
      } finally {
        await rejects.close();
      }
    }),
  );
}

/** Runs the checks of a file. When they refuse it, the message also says which command reads the file as it looks. */
async function withAdvice(
  path: string,
  asked: ImportOptions,
  watcher: Watcher,
  check: () => Promise<CheckedRun>,
): Promise<CheckedRun> {
  try {
    const run = await check();
    const advice = run.checked.rejected > 0 && asked.dryRun ? await adviceOn(path, asked) : undefined;
    if (advice !== undefined) watcher.onNote?.(advice);
    return run;
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const advice = await adviceOn(path, asked);
    if (advice === undefined) throw error;
    throw new UsageError(`${error.message}.\n${advice}`, { cause: error });
  }
}

function* notesOn(
  { file, table }: ImportOptions,
  { records, ignored, emptyCells }: Checked,
): Generator<string> {
  if (records === 0) yield `${file} has no rows; nothing is imported`;
  if (emptyCells > 0)
    yield `${counted(emptyCells, 'empty cell')} of melted fields ${wordFor(emptyCells, 'gives', 'give')} no row`;
  if (ignored.length === 0) return;
  const names = ignored.map(({ field, rows }) =>
    rows === records ? field : `${field} (in ${counted(rows, 'row')})`,
  );
  yield `${wordFor(names.length, 'a field fills', 'fields fill')} no column of ${table.name} and ${wordFor(names.length, 'is', 'are')} left out: ${names.join(', ')}; ${wordFor(names.length, 'a', 'each')} field can be given to a column with --map column=field`;
}
