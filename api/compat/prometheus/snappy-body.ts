// The body of a remote write, unpacked.
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../../http/problems';
import { readBody, tooLarge } from '../../ingest/read/body';
import { BrokenBlock, blockSize, unpackBlock } from './snappy';

/**
 * Reads and unpacks the body. Some clients leave out `content-encoding: snappy`.
 * @throws ProblemError (body-too-large, bad-body, unknown-media-type)
 */
export async function snappyBody(
  { headers, arrival }: FastifyRequest,
  payload: FastifyRequest['raw'],
  limit: number,
): Promise<Buffer> {
  const encoding = (headers['content-encoding'] ?? 'snappy').trim().toLowerCase();
  if (encoding !== 'snappy')
    throw new ProblemError(
      'unknown-media-type',
      `content-encoding ${JSON.stringify(encoding.slice(0, 40))} is not supported; send the body as a block of snappy`,
    );
  const onBytes = (bytes: number): void => arrival?.resize(bytes);
  const block = await readBody(payload, { encoding: undefined, limit, onBytes });
  try {
    // A few bytes can say that they are gigabytes.
    const { size } = blockSize(block);
    if (size > limit) throw tooLarge(limit);
    onBytes(block.length + size);
    return unpackBlock(block);
  } catch (error) {
    if (!(error instanceof BrokenBlock)) throw error;
    throw new ProblemError(
      'bad-body',
      `The body is not a block of snappy: ${error.message}; nothing was stored`,
      { cause: error },
    );
  }
}
