// Reads the compressed batches of Kafka. The client library brings only gzip, and would unpack any size.
import { promisify } from 'node:util';
import { unzip } from 'node:zlib';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { blockSize, unpackBlock } from '../../../api/compat/prometheus/snappy';
import { unzstd } from '../../../api/http/unzstd';
import { messageOf } from '../../../db/core/errors';
import { FrameTooLarge, unpackLz4 } from './lz4';

/** Most bytes of a batch when it is unpacked. Brokers take batches of 1 MB, packed, unless they are told otherwise. */
const LARGEST_BATCH = 128 * 1_048_576;

/** Teaches the client library to read batches in every format of Kafka; it may be called again. */
export function acceptCompressedBatches(): void {
  const { GZIP, Snappy, LZ4, ZSTD } = CompressionTypes;
  const gzip = CompressionCodecs[GZIP]();
  CompressionCodecs[GZIP] = () => ({ ...gzip, decompress: unpackBatch.gzip });
  CompressionCodecs[Snappy] = () => readingOnly('snappy');
  CompressionCodecs[LZ4] = () => readingOnly('lz4');
  CompressionCodecs[ZSTD] = () => readingOnly('zstd');
}

type Compression = 'gzip' | 'snappy' | 'lz4' | 'zstd';

/**
 * Unpacks the records of a batch.
 * @throws Error that names the format, for bytes that are damaged and for more than the limit.
 */
export const unpackBatch: Readonly<Record<Compression, (packed: Buffer, limit?: number) => Promise<Buffer>>> =
  {
    gzip: unpacking('gzip', (packed, limit) => promisify(unzip)(packed, { maxOutputLength: limit })),
    snappy: unpacking('snappy', async (packed, limit) => unpackSnappy(packed, limit)),
    lz4: unpacking('lz4', async (packed, limit) => unpackLz4(packed, limit)),
    zstd: unpacking('zstd', unpackZstd),
  };

function unpacking(name: Compression, unpack: (packed: Buffer, limit: number) => Promise<Buffer>) {
  return async (packed: Buffer, limit = LARGEST_BATCH): Promise<Buffer> => {
    try {
      return await unpack(packed, limit);
    } catch (error) {
      const isTooLarge =
        error instanceof FrameTooLarge || (error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE';
      throw new Error(
        isTooLarge
          ? `a batch of ${name} has more than ${limit} bytes when it is unpacked; have its producer send smaller batches (batch.size)`
          : `a batch of ${name} cannot be unpacked: ${messageOf(error)}`,
        { cause: error },
      );
    }
  };
}

const readingOnly = (name: 'snappy' | 'lz4' | 'zstd') => ({
  compress: async () => {
    throw new Error(`batches are not written with ${name} here; use gzip, or no compression`);
  },
  decompress: unpackBatch[name],
});

/** How the Java client writes snappy: a header of 16 bytes, and blocks with their lengths. Others write one block. */
const FRAMED = Buffer.from('\x82SNAPPY\0', 'latin1');
const FRAME_HEADER = 16;

function unpackSnappy(packed: Buffer, limit: number): Buffer {
  if (!packed.subarray(0, FRAMED.length).equals(FRAMED)) return unpackWithin(packed, limit);
  if (packed.length < FRAME_HEADER) throw new Error('it is cut');
  const parts: Buffer[] = [];
  let left = limit;
  for (let at = FRAME_HEADER; at < packed.length; ) {
    const start = at + 4;
    const end = start <= packed.length ? start + packed.readUInt32BE(at) : Number.POSITIVE_INFINITY;
    if (end > packed.length) throw new Error('it is cut');
    const part = unpackWithin(packed.subarray(start, end), left);
    left -= part.length;
    parts.push(part);
    at = end;
  }
  return Buffer.concat(parts);
}

function unpackWithin(block: Buffer, limit: number): Buffer {
  // A few bytes can say that they are gigabytes.
  if (blockSize(block).size > limit) throw new FrameTooLarge();
  return unpackBlock(block);
}

async function unpackZstd(packed: Buffer, limit: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of unzstd([packed])) {
    size += part.length;
    if (size > limit) throw new FrameTooLarge();
    parts.push(part);
  }
  return Buffer.concat(parts, size);
}
