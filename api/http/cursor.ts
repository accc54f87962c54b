// The text of cursors: JSON with what a page ended at, and a digest of the question that it belongs to.
import { createHash } from 'node:crypto';
import { ProblemError } from './problems';

/**
 * Writes a cursor. It is neither secret nor signed: with a forged one a client only gets rows that it may ask for anyway.
 * @param question what was asked: the cursor serves no other question.
 * @param contentFor the JSON value of the cursor, with this digest of the question in it.
 */
export function encodeCursor(question: string, contentFor: (of: string) => object): string {
  return Buffer.from(JSON.stringify(contentFor(digestOf(question)))).toString('base64url');
}

/**
 * Reads a cursor.
 * @param read takes the content apart; undefined when it is not what a cursor of this kind has.
 * @throws ProblemError (bad-cursor) when it is damaged or belongs to another question.
 */
export function decodeCursor<Content, Position>(
  question: string,
  text: string,
  read: (content: Content) => { readonly position: Position; readonly of: unknown } | undefined,
): Position {
  const cursor = parsed(text, read);
  if (cursor === undefined)
    throw new ProblemError('bad-cursor', 'The cursor is damaged; start again without it');
  if (cursor.of !== digestOf(question))
    throw new ProblemError(
      'bad-cursor',
      'The cursor belongs to another request; send it with the same parameters, or start again without it',
    );
  return cursor.position;
}

function parsed<Content, Read>(text: string, read: (content: Content) => Read): Read | undefined {
  try {
    return read(JSON.parse(Buffer.from(text, 'base64url').toString()) as Content);
  } catch {
    return undefined;
  }
}

const digestOf = (question: string): string =>
  createHash('sha256').update(question).digest('base64url').slice(0, 16);
