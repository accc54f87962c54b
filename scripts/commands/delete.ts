// tsdb delete: rows of a table, together with what every aggregate holds of them.

import { seriesTables, tableNamed } from '../../api/database/tables';
import { ProblemError } from '../../api/http/problems';
import { deletionOf } from '../../api/series/delete-rows';
import { RefusedError, UsageError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { type DeletionResult, deleteRows } from '../../db/upkeep/delete-rows';
import { describeKept } from '../../db/upkeep/history-guard';
import { confirm } from '../confirm';
import { readContext, requireConnection } from '../context';
import { note, print, printJson, table } from '../output';

export interface DeleteFlags {
  readonly from: string;
  readonly to: string;
  readonly where: readonly string[];
  readonly dryRun?: boolean;
  readonly yes?: boolean;
  readonly json?: boolean;
}

/** Counts the rows, asks, and deletes them. Exit code 0, or 3 when refused. */
export async function deleteFrom(name: string, flags: DeleteFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const deletion = read(() =>
    deletionOf(tableNamed(seriesTables(desired), name), { ...flags, dryRun: true }),
  ).deletion;
  return withConnection(requireConnection(config), async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    const found = await deleteRows(db, engine, deletion);
    if (flags.dryRun) {
      report(found, flags);
      return 0;
    }
    await askPerson(name, found, flags, signal);
    report(await deleteRows(db, engine, { ...deletion, dryRun: false }), flags);
    return 0;
  });
}

function read<T>(asked: () => T): T {
  try {
    return asked();
  } catch (error) {
    if (error instanceof ProblemError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

async function askPerson(
  name: string,
  { rows, aggregates }: DeletionResult,
  { from, to, where, yes }: DeleteFlags,
  signal: AbortSignal,
): Promise<void> {
  const which = where.length > 0 ? ` where ${where.join(' and ')}` : '';
  note(
    `${counted(rows, 'row')} of ${name} from ${from} to ${to}${which}, and what ${counted(aggregates.length, 'aggregate')} hold of them`,
  );
  if (yes) return;
  if (process.stdin.isTTY !== true)
    throw new RefusedError(
      'nothing was deleted, because there is no terminal to ask for confirmation; add --yes',
    );
  const terminal = { input: process.stdin, output: process.stderr };
  if (!(await confirm('Type "yes" to delete: ', signal, terminal)))
    throw new RefusedError('nothing was deleted: not confirmed');
}

function report({ rows, aggregates }: DeletionResult, { json, dryRun }: DeleteFlags): void {
  if (json) {
    printJson({ deleted: rows, dryRun: dryRun === true, aggregates });
    return;
  }
  for (const { aggregate, kept, unsettled } of aggregates) {
    if (kept !== null) note(`${aggregate}: ${describeKept(aggregate, kept)}`);
    if (unsettled !== null)
      note(
        `${aggregate}: its figures are right, but the server calls them stale until the next refresh: ${unsettled}`,
      );
  }
  const computed = dryRun ? 'to compute again' : 'computed again';
  if (aggregates.length > 0)
    print(
      table(
        ['aggregate', computed, 'from', 'to'],
        aggregates.map(({ aggregate, buckets, from, to }) => [
          aggregate,
          counted(buckets, 'bucket'),
          from ?? '-',
          to ?? '-',
        ]),
      ),
    );
  print(
    dryRun
      ? `${counted(rows, 'row')} would be deleted; nothing was changed`
      : `${counted(rows, 'row')} deleted`,
  );
}
