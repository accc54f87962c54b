// Where a page of dead letters ended: letters of one request share their time, and any of them may be gone by the next page.
import { digestOf } from '../../http/pages';
import { ProblemError } from '../../http/problems';
import { canonicalTime } from '../../http/time';

/** The sort key of the last letter of a page. */
export interface LetterPosition {
  readonly received_at: string;
  readonly line: number;
  readonly id: string;
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Writes the cursor; it serves this question only. */
export function writeLetterCursor(question: string, { received_at, line, id }: LetterPosition): string {
  return Buffer.from(JSON.stringify([received_at, line, id, digestOf(question)])).toString('base64url');
}

/**
 * Reads a cursor.
 * @throws ProblemError (bad-cursor) when it is damaged or belongs to another question.
 */
export function readLetterCursor(question: string, text: string): LetterPosition {
  const [received_at, line, id, of] = parse(text);
  const isWhole =
    typeof received_at === 'string' &&
    canonicalTime(received_at) !== undefined &&
    Number.isInteger(line) &&
    Math.abs(line as number) < 2 ** 31 &&
    typeof id === 'string' &&
    UUID.test(id);
  if (!isWhole || of !== digestOf(question))
    throw new ProblemError(
      'bad-cursor',
      'The cursor is damaged or belongs to another request; start again without it',
    );
  return { received_at, line: line as number, id };
}

function parse(text: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}
