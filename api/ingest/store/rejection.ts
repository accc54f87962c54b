// The problem of a write whose rows were all refused.
import { ProblemError } from '../../http/problems';

/** `members`: the same as of an answer with accepted rows. */
export const rowsRejected = (detail: string, members: Readonly<Record<string, unknown>>): ProblemError =>
  new ProblemError('rows-rejected', detail, { members });
