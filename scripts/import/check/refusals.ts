// Reasons to write nothing of a file that was checked.
import { RefusedError, UsageError } from '../../../db/core/errors';
import type { Desired } from '../../../db/language/desired';
import { nameOf } from '../../../db/language/names';
import type { Db, EngineName } from '../../../db/model';
import { openSlices } from '../../../db/upkeep/refresh-slices';
import type { ImportOptions } from '../options';
import type { Checked } from './check';
import type { RejectFile } from './reject-file';

/** @throws UsageError when more rows are refused than allowed; a dry run only reports them. */
export function requireFew(
  checked: Checked,
  { file, maxRejects, dryRun }: ImportOptions,
  rejects: RejectFile,
): void {
  if (checked.rejected <= maxRejects || dryRun) return;
  const { first } = rejects;
  throw new UsageError(
    `${file}, line ${first?.line}, ${first?.reason}; nothing was imported. ${checked.stoppedEarly ? 'At least ' : ''}${checked.rejected} rows are refused, all are in ${rejects.path} with line and reason: correct them, or leave them out with --max-rejects ${checked.rejected}`,
  );
}

/** @throws RefusedError when there are rows that retention would delete. */
export function requireUnexpired({ expired, records, from, to }: Checked, options: ImportOptions): void {
  if (expired === 0 || options.allowExpired) return;
  const { table, file } = options;
  throw new RefusedError(
    `${expired} of ${records} rows of ${file} (${from} … ${to}) are older than the ${table.retention} that ${nameOf(table)} keeps: its next retention run would delete them. Move them with --shift, raise the retention, or add --allow-expired to keep only what the aggregates hold of them`,
  );
}

/**
 * Expired rows are taken for the sake of the aggregates. Where those have old buckets whose rows are gone, no refresh goes back
 * that far, as it would delete them: then the rows would be lost with the next retention run.
 * @param id of the import: one that was begun before is not judged again, its own buckets may be there.
 * @throws RefusedError when an aggregate of the table could not take them.
 */
export async function requireRoom(
  db: Db,
  { engine, desired }: { readonly engine: EngineName; readonly desired: Desired },
  { table, file }: ImportOptions,
  { expired, from, to }: Checked,
  id: string,
): Promise<void> {
  if (expired === 0 || from === null || to === null) return;
  const { rows: begun } = await db.query('SELECT FROM tsdb.import WHERE digest = $1', [id]);
  if (begun.length > 0) return;
  for (const aggregate of desired.aggregates.filter((one) => one.from === table)) {
    const slices = await openSlices(db, engine, aggregate, undefined);
    const { keptBefore } = await slices.bounds({ from: new Date(from), to: new Date(to) });
    if (keptBefore === null) continue;
    throw new RefusedError(
      `${expired} rows of ${file} are older than the ${table.retention} that ${nameOf(table)} keeps, and ${nameOf(aggregate)} has buckets before ${keptBefore} whose rows are gone already: refreshing that time again would delete those buckets, so the rows would be in no aggregate when retention drops them. Nothing was imported. History of that time goes in at once: import all of its series in one file, before any other`,
    );
  }
}
