// Reasons to write nothing of a file that was checked.
import { RefusedError, UsageError } from '../../../db/core/errors';
import { counted, wordFor } from '../../../db/core/quantities';
import { readStored } from '../../../db/engines/stored-aggregates';
import { lengthOf } from '../../../db/language/interval';
import { nameOf } from '../../../db/language/names';
import { safeParts } from '../../../db/upkeep/history-guard';
import { openSlices } from '../../../db/upkeep/refresh-slices';
import type { CheckedRun } from './check';

/** @throws UsageError when more rows are refused than allowed; a dry run only reports them. */
export function requireFew({ options, rejects, checked }: CheckedRun): void {
  const { file, maxRejects, dryRun } = options;
  const { rejected, stoppedEarly } = checked;
  if (rejected <= maxRejects || dryRun) return;
  const { first } = rejects;
  throw new UsageError(
    `${file}, line ${first?.line}, ${first?.reason}; nothing was imported. ${stoppedEarly ? 'At least ' : ''}${counted(rejected, 'row')} ${wordFor(rejected, 'is', 'are')} refused. ${rejects.path} has the line, the reason and the text of each: correct them, or leave them out with --max-rejects ${rejected}`,
  );
}

/** @throws RefusedError when there are rows that retention would delete. */
export function requireUnexpired({ options, checked }: CheckedRun): void {
  const { table, file, allowExpired } = options;
  const { expired, records, from, to } = checked;
  if (expired === 0 || allowExpired) return;
  throw new RefusedError(
    `${expired} of ${counted(records, 'row')} of ${file} (${from} … ${to}) ${wordFor(expired, 'is', 'are')} older than the ${table.retention} that ${nameOf(table)} keeps, so the next run of retention would delete them. Move them with --shift, raise the retention, or add --allow-expired to keep only what the aggregates hold of them`,
  );
}

/**
 * Expired rows are taken for the sake of the aggregates. Where an aggregate has old buckets whose rows are gone, a refresh of
 * their time would delete these buckets, so it leaves that time out, and the rows would be lost with the next retention run.
 * An import that was begun before is not judged again, because the buckets may be its own.
 * @throws RefusedError when an aggregate of the table could not take the expired rows.
 */
export async function requireRoom({ db, destination, options, checked }: CheckedRun): Promise<void> {
  const { engine, desired } = destination;
  const { table, file } = options;
  const { id, expired, from, to } = checked;
  if (expired === 0 || from === null || to === null) return;
  const { rows: begun } = await db.query('SELECT FROM tsdb.import WHERE digest = $1', [id]);
  if (begun.length > 0) return;
  const edge = Date.now() - lengthOf(table.retention ?? '1 microsecond') / 1_000;
  for (const aggregate of desired.aggregates.filter((one) => one.from === table)) {
    const stored = await readStored(db, engine, nameOf(aggregate));
    const window = { from: new Date(from), to: new Date(Math.min(Date.parse(to), edge)) };
    const range = await openSlices(db, aggregate, stored, undefined).bounds(window);
    const { kept } = range ? await safeParts(db, engine, stored, range, true) : { kept: null };
    if (kept === null) continue;
    throw new RefusedError(
      `${counted(expired, 'row')} of ${file} ${wordFor(expired, 'is', 'are')} older than the ${table.retention} that ${nameOf(table)} keeps, and ${nameOf(aggregate)} has ${counted(kept.buckets, 'bucket')} from ${kept.from} to ${kept.to} whose rows are gone or past retention already. A refresh of that time would delete these buckets, so no aggregate would hold the rows when retention drops them. Nothing was imported. Import the history of that time at once: all of its series in one file, before any other file`,
    );
  }
}
