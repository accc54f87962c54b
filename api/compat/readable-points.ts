// What is the same for all doors whose bodies are messages: faults of a body, and how large its points may become.
import { ProblemError } from '../http/problems';
import type { SentPoint } from '../ingest/points/point';
import { MalformedMessage, startWalk, type Walk } from './walk';

/** The points of one body take at most this many times the bytes that a body may have. */
const MOST_TIMES = 4;

/**
 * Passes points on. Labels that a body has once belong to many of its points, so a small body could fill the memory: their texts
 * are counted.
 * @throws ProblemError (bad-body, body-too-large)
 */
export function* readablePoints(
  pointsOf: (walk: Walk) => Iterable<SentPoint>,
  { expected, maxBodyBytes }: { readonly expected: string; readonly maxBodyBytes: number },
): Generator<SentPoint> {
  const most = MOST_TIMES * maxBodyBytes;
  const walk = startWalk();
  let size = 0;
  try {
    for (const sent of pointsOf(walk)) {
      walk.point();
      size += sizeOf(sent);
      if (size > most)
        throw new ProblemError(
          'body-too-large',
          `The names and labels of the points of this body have more than ${most} characters together; nothing was stored, send fewer points in a request, or raise TSDB_MAX_BODY_BYTES`,
        );
      yield sent;
    }
  } catch (error) {
    if (!(error instanceof MalformedMessage)) throw error;
    throw new ProblemError(
      'bad-body',
      `The body is not ${expected}, or is incomplete: ${error.message}; nothing was stored`,
      { cause: error },
    );
  }
}

function sizeOf({ point, source }: SentPoint): number {
  const labels = point ?? source;
  if (typeof labels === 'string') return labels.length;
  return labels.tags.reduce((sum, [key, text]) => sum + key.length + text.length, labels.name.length);
}
