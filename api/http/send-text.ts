// Sends a text that is made in pieces: a short one as it is; a long one is made piece by piece, with turns for other work between
// them, and then sent as fast as its client reads. All of it is made before the first byte is sent, so the answer has a length and
// a tag, and a failure on the way still becomes a problem.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { currentShare } from './answer-share';
import { acceptsIdentity, type Coding, codingOf, encoder } from './content-coding';
import { isKnown, tagOf } from './etag';
import type { AnswerShare } from './large-answers';
import type { TextPiece } from './row-text';

/** Texts of about up to this length are made and sent at once. */
const SHORT_LENGTH = 64 * 1_024;
/** Compressing shorter texts saves no packet. */
const COMPRESSED_FROM = 1_400;
/** A text that is longer than this needs a place among the large answers, if its rows did not need one already. */
const LARGE_LENGTH = 1_024 * 1_024;

/**
 * Sends the text.
 * @param headers headers of this answer, if it becomes one.
 * @throws ProblemError: not-acceptable, or too-many-requests when the text is long and too many others are.
 */
export async function sendText(
  request: FastifyRequest,
  reply: FastifyReply,
  headers: Readonly<Record<string, string>>,
  text: Iterable<TextPiece>,
): Promise<FastifyReply> {
  const coding = codingOf(request);
  const answered = (): FastifyReply => reply.headers({ ...headers, vary: 'accept, accept-encoding' });
  const pieces = longPieces(text);
  const [first, second] = [pieces.next(), pieces.next()];
  const start = first.done ? Buffer.alloc(0) : first.value;
  const isShort = second.done && (coding === undefined || start.length < COMPRESSED_FROM);
  if (isShort && acceptsIdentity(request)) return answered().send(start);
  const share = currentShare();
  const { digest, parts } = await make(
    [start, ...(second.done ? [] : [second.value])],
    pieces,
    coding,
    share,
  );
  if (isKnown(request, answered(), tagOf(digest))) return reply.send('');
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  share?.hold(length);
  if (coding !== undefined) void reply.header('content-encoding', coding);
  return reply.header('content-length', String(length)).send(readable(parts, share));
}

function* longPieces(text: Iterable<TextPiece>): Generator<Buffer, undefined> {
  let pieces: Buffer[] = [];
  let length = 0;
  for (const piece of text) {
    const bytes = typeof piece === 'string' ? Buffer.from(piece) : piece;
    pieces.push(bytes);
    length += bytes.length;
    if (length < SHORT_LENGTH) continue;
    yield joined(pieces);
    [pieces, length] = [[], 0];
  }
  if (length > 0) yield joined(pieces);
}

const joined = (pieces: readonly Buffer[]): Buffer =>
  pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);

async function make(
  start: readonly Buffer[],
  rest: Iterable<Buffer>,
  coding: Coding | undefined,
  share: AnswerShare | undefined,
): Promise<{ readonly digest: string; readonly parts: readonly Buffer[] }> {
  const hash = createHash('sha1');
  const encoded = coding === undefined ? undefined : encoder(coding);
  const parts: Buffer[] = [];
  let length = 0;
  const add = async (part: Buffer): Promise<void> => {
    length += part.length;
    if (length > LARGE_LENGTH && share?.take() === false) await share.wait();
    hash.update(part);
    if (encoded === undefined) parts.push(part);
    else await encoded.write(part);
    await nextTurn();
    share?.requireClient();
  };
  try {
    for (const piece of start) await add(piece);
    for (const piece of rest) await add(piece);
    return { digest: hash.digest('base64url'), parts: encoded === undefined ? parts : await encoded.end() };
  } catch (error) {
    encoded?.destroy();
    throw error;
  }
}

const SENT_AT_ONCE = 64 * 1_024;
/** How long a client may take for so much: what it does not read stays in the memory of this process. */
export const READ_WITHIN_MS = 10_000;

/** The parts as a stream, which ends the connection of a client that does not read. */
function readable(parts: readonly Buffer[], share: AnswerShare | undefined): Readable {
  const left = [...parts].reverse();
  const next = (): Buffer | null => {
    const part = left.pop();
    if (part === undefined || part.length <= SENT_AT_ONCE) return part ?? null;
    left.push(part.subarray(SENT_AT_ONCE));
    return part.subarray(0, SENT_AT_ONCE);
  };
  const timer = setTimeout(
    () => stream.destroy(new Error('the client reads its answer too slowly')),
    READ_WITHIN_MS,
  );
  const stream = new Readable({
    read() {
      timer.refresh();
      const part = next();
      share?.sent(part?.length ?? 0);
      this.push(part);
    },
    destroy(error, done) {
      clearTimeout(timer);
      left.length = 0;
      done(error);
    },
  });
  return stream;
}
