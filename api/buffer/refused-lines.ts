// Which rows of a batch an answer to a write speaks of.
import type { Refusal } from './sink';

/** The members of an answer that tell about refused rows; see `IngestAnswer`. */
export interface ToldRefusals {
  readonly rejected: number;
  /** The first 100 of them, with their lines from 1. */
  readonly errors: readonly { readonly line: number; readonly reason: string }[];
}

/**
 * The refused rows of a batch.
 * @throws Error when the answer does not name all of them, and some of the others were stored.
 */
export function refusalsOf<R>(sent: readonly R[], told: ToldRefusals): readonly Refusal<R>[] {
  const reasons = new Map(told.errors.map(({ line, reason }) => [line, reason]));
  if (told.rejected === sent.length) {
    const last = told.errors.at(-1)?.reason;
    const unnamed = `its whole batch was refused${last === undefined ? '' : `, the last reason told was: ${last}`}`;
    return sent.map((row, at) => ({ row, reason: reasons.get(at + 1) ?? unnamed }));
  }
  if (told.rejected !== reasons.size)
    throw new Error(
      `${sent.length - told.rejected} rows of the batch were stored and ${told.rejected} refused, of which only ${reasons.size} are named; the others are among the dead letters of the server`,
    );
  return sent.flatMap((row, at) => {
    const reason = reasons.get(at + 1);
    return reason === undefined ? [] : [{ row, reason }];
  });
}
