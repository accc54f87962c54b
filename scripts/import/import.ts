// Imports a file of rows into a hypertable. In go the file's path, the table and the options; out come the rows in the table, the
// refreshed aggregates, a file of refused rows and a report.
//   read/   turns the file into bytes, records and rows.
//   check/  is the first pass: it checks every row, with the server's help where that is needed, and writes nothing.
//   write/  is the second pass: it writes the rows batch by batch, each batch in one transaction with its entry in the ledger.
import { withConnection } from '../../db/server/connection';
import { checkRows } from './check/check';
import { requireFew, requireUnexpired } from './check/refusals';
import { RejectFile } from './check/reject-file';
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
  options: ImportOptions,
  watcher: Watcher = {},
): Promise<ImportReport> {
  if (options.onConflict !== 'fail') conflictKeys(options);
  return withFile(options.file, (path) =>
    withConnection(destination.connection, async (db) => {
      const rejects = new RejectFile(options.rejects);
      try {
        const content = await openContent(path, options);
        const run = { db, destination, options, watcher, content, rejects };
        const checked = await checkRows(run);
        requireFew({ ...run, checked });
        requireUnexpired({ ...run, checked });
        const { id, content: digest, batches, records, rejected, from, to } = checked;
        const outcome = options.dryRun
          ? { rows: records - rejected, skipped: 0, rejected, from, to, resumed: 0, refreshed: [] }
          : await writeFile({ ...run, checked });
        return {
          id,
          content: digest,
          ...outcome,
          batches: batches.length,
          rejects: rejects.first === undefined ? null : rejects.path,
        };
      } finally {
        await rejects.close();
      }
    }),
  );
}
