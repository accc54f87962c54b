// Which rows of a batch the answer to a write rejects.
import type { IngestAnswer } from '../ingest/ingest-schemas';
import type { Rejected } from './sink';

/** The members of an answer that are about rejected rows; `errors` lists the first 100 of them, with their lines from 1. */
export type RejectionReport = Pick<IngestAnswer, 'rejected' | 'errors'>;

/**
 * The rejected rows of a batch.
 * @throws Error when the answer does not name all of them, and some of the others were stored.
 */
export function rejectedRows<R>(
  sent: readonly R[],
  { rejected, errors }: RejectionReport,
): readonly Rejected<R>[] {
  const reasons = new Map(errors.map(({ line, reason }) => [line, reason]));
  if (rejected === sent.length) {
    const last = errors.at(-1)?.reason;
    const unnamed = `its whole batch was refused${last === undefined ? '' : `; the last reason given was: ${last}`}`;
    return sent.map((row, at) => ({ row, reason: reasons.get(at + 1) ?? unnamed }));
  }
  if (rejected !== reasons.size)
    throw new Error(
      `${sent.length - rejected} rows of the batch were stored and ${rejected} refused, of which only ${reasons.size} are named; the others are among the dead letters of the server`,
    );
  return sent.flatMap((row, at) => {
    const reason = reasons.get(at + 1);
    return reason === undefined ? [] : [{ row, reason }];
  });
}
