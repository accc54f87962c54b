import fc from 'fast-check';
import { CompressionCodecs, CompressionTypes } from 'kafkajs';
import { compress } from 'snappyjs';
import { PACKED, PLAIN } from '../testing/packed-batches';
import { acceptCompressedBatches, unpackBatch } from './codecs';

const FORMATS = ['gzip', 'snappy', 'lz4', 'zstd'] as const;
const packed = (format: (typeof FORMATS)[number]): Buffer => Buffer.from(PACKED[format], 'base64');

describe.each(FORMATS)('batches of %s', (format) => {
  it('are unpacked as the Java client packs them', async () => {
    expect(String(await unpackBatch[format](packed(format)))).toBe(PLAIN);
  });

  it('are refused beyond the limit', async () => {
    expect(await unpackBatch[format](packed(format), PLAIN.length)).toHaveLength(PLAIN.length);
    await expect(unpackBatch[format](packed(format), PLAIN.length - 1)).rejects.toThrow(
      `a batch of ${format} has more than ${PLAIN.length - 1} bytes when it is unpacked`,
    );
  });

  it('are refused when they are cut anywhere', async () => {
    const whole = packed(format);
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: whole.length - 1 }), async (length) => {
        const result = await unpackBatch[format](whole.subarray(0, length)).catch((error: Error) => error);
        // Snappy as Java writes it has no end, so a cut between two blocks cannot be seen; this is the one before the first.
        if (format === 'snappy' && length === 16) expect(result).toHaveLength(0);
        else expect(result).toBeInstanceOf(Error);
      }),
      { numRuns: 60 },
    );
  });

  it('never hang or hold more than the limit, whatever their bytes are', async () => {
    const whole = packed(format);
    const damaged = fc
      .array(fc.tuple(fc.nat(whole.length - 1), fc.integer({ min: 0, max: 255 })), {
        minLength: 1,
        maxLength: 4,
      })
      .map((places) => {
        const bytes = Buffer.from(whole);
        for (const [at, byte] of places) bytes[at] = byte;
        return bytes;
      });
    const any = fc.oneof(damaged, fc.uint8Array({ maxLength: 200 }).map(Buffer.from));
    await fc.assert(
      fc.asyncProperty(any, async (bytes) => {
        const result = await unpackBatch[format](bytes, 100_000).catch((error: unknown) => error);
        if (result instanceof Error) expect(result.message).toMatch(/^a batch of /);
        else expect((result as Buffer).length).toBeLessThanOrEqual(100_000);
      }),
      { numRuns: 150 },
    );
  });
});

describe('snappy', () => {
  it('is unpacked as one block, as other clients write it', async () => {
    expect(String(await unpackBatch.snappy(Buffer.from(compress(Buffer.from(PLAIN)))))).toBe(PLAIN);
  });
});

describe('lz4', () => {
  const frame = (flags: number, ...parts: readonly (string | Buffer)[]): Buffer =>
    Buffer.concat([
      Buffer.from([0x04, 0x22, 0x4d, 0x18, flags, 0x40, 0]),
      ...parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'hex') : part)),
    ]);
  const unpack = async (bytes: Buffer) => String(await unpackBatch.lz4(bytes));

  it('is unpacked with blocks that are not packed, checksums, and several frames', async () => {
    const stored = frame(0x60, '03000080', Buffer.from('abc'), '00000000');
    const checked = frame(0x74, '03000080', Buffer.from('def'), 'ffffffff', '00000000', 'ffffffff');
    const skipped = Buffer.from('502a4d1802000000ffff', 'hex');
    expect(await unpack(Buffer.concat([stored, skipped, checked]))).toBe('abcdef');
  });

  it('repeats what is before, also of earlier blocks and where it overlaps, but not of earlier frames', async () => {
    // Three literals, then 4 + 15 + 1 bytes from 3 before; the last sequence has a literal only.
    const block = Buffer.from('3f616263030001' + '1078', 'hex');
    const size = Buffer.from([block.length, 0, 0, 0]);
    expect(await unpack(frame(0x60, size, block, '00000000'))).toBe(`abc${'abc'.repeat(7).slice(0, 20)}x`);
    const linked = frame(0x40, '03000080', Buffer.from('abc'), '05000000', '0003001078', '00000000');
    expect(await unpack(linked)).toBe('abcabcax');
    const apart = Buffer.concat([
      frame(0x60, '03000080', Buffer.from('abc'), '00000000'),
      frame(0x60, '05000000', '0003001078', '00000000'),
    ]);
    await expect(unpack(apart)).rejects.toThrow('it repeats bytes before its start');
  });

  it.each([
    ['the version of another time', frame(0xa0, '00000000'), 'its version 2 is not known'],
    ['a dictionary', frame(0x61, '00000000'), 'it needs a dictionary'],
    ['another magic number', Buffer.from('02214c18', 'hex'), 'it does not begin as one'],
    ['nothing', Buffer.alloc(0), 'it is cut'],
  ])('is refused with %s', async (_, bytes, reason) => {
    await expect(unpack(bytes)).rejects.toThrow(`a batch of lz4 cannot be unpacked: ${reason}`);
  });
});

it('teaches the client library to read, and refuses to write what it cannot', async () => {
  acceptCompressedBatches();
  acceptCompressedBatches();
  for (const format of ['Snappy', 'LZ4', 'ZSTD'] as const) {
    const codec = CompressionCodecs[CompressionTypes[format]]();
    const bytes = packed(format.toLowerCase() as 'lz4');
    expect(String(await codec.decompress(bytes))).toBe(PLAIN);
    await expect(codec.compress({ buffer: bytes })).rejects.toThrow('batches are not written with');
  }
  const gzip = CompressionCodecs[CompressionTypes.GZIP]();
  expect(String(await gzip.decompress(await gzip.compress({ buffer: Buffer.from(PLAIN) })))).toBe(PLAIN);
});
