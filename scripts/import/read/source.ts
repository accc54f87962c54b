// The bytes of an import, decompressed, as a stream that can be read more than once.
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { messageOf, UsageError } from '../../../db/core/errors';
import type { Compression, Format } from '../options';

/** Standard input. */
export const STDIN = '-';

const CHUNK = 64 * 1024;

/** What a name says about its file: `x.csv.gz` → csv, gzip. Anything unknown is plain CSV. */
export function kindOf(file: string): { readonly format: Format; readonly compression: Compression } {
  const name = file.toLowerCase();
  const bare = name.replace(/\.(gz|gzip|zst|zstd)$/, '');
  const ending = name.slice(bare.length + 1);
  return {
    format: /\.(ndjson|jsonl)$/.test(bare) ? 'ndjson' : 'csv',
    compression: ending === '' ? 'none' : ending.startsWith('g') ? 'gzip' : 'zstd',
  };
}

/**
 * Runs `work` with a file that can be read twice: standard input is first kept in a temporary file that only this user can
 * read, as it is checked before it is loaded.
 */
export async function withFile<T>(file: string, work: (path: string) => Promise<T>): Promise<T> {
  if (file !== STDIN) return work(file);
  const kept = join(tmpdir(), `tsdb-import-${randomUUID()}`);
  try {
    await pipeline(process.stdin, createWriteStream(kept, { mode: 0o600, flags: 'wx' }));
    return await work(kept);
  } finally {
    await rm(kept, { force: true });
  }
}

/**
 * Streams the decompressed bytes; each chunk is good until the next one is asked for.
 * @throws UsageError when the file cannot be read or decompressed.
 */
export async function* readBytes(path: string, compression: Compression): AsyncGenerator<Buffer> {
  try {
    if (compression === 'none') yield* plain(path);
    else yield* decompressed(createReadStream(path, { highWaterMark: CHUNK }), compression);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

// One buffer for all chunks, so that a large file leaves no garbage.
async function* plain(path: string): AsyncGenerator<Buffer> {
  const file = await open(path);
  const chunk = Buffer.allocUnsafeSlow(CHUNK);
  try {
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK, null);
      if (bytesRead === 0) return;
      yield chunk.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

interface ZstdOfNode {
  createZstdDecompress?: (options: { readonly chunkSize: number }) => zlib.Gunzip;
}

async function* decompressed(
  raw: ReturnType<typeof createReadStream>,
  compression: Compression,
): AsyncGenerator<Buffer> {
  const native = (zlib as ZstdOfNode).createZstdDecompress;
  if (compression === 'zstd' && !native) return yield* unzstd(raw);
  const unpack =
    compression === 'gzip'
      ? zlib.createGunzip({ chunkSize: CHUNK })
      : (native as NonNullable<typeof native>)({ chunkSize: CHUNK });
  // Errors of the file must end the reading, too.
  raw.on('error', (error) => unpack.destroy(error));
  try {
    yield* raw.pipe(unpack) as AsyncIterable<Buffer>;
  } finally {
    raw.destroy();
  }
}

// Frames may follow each other (`cat a.zst b.zst`, pzstd): the package's stream reads all of them.
async function* unzstd(raw: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let ready: Buffer[] = [];
  // It reuses what it hands out.
  const unpack = new Decompress((data) => ready.push(Buffer.from(data)));
  for await (const chunk of raw) {
    // In small pieces: a piece of well compressed data may grow a thousandfold.
    for (let at = 0; at < chunk.length; at += 16_384) {
      unpack.push(chunk.subarray(at, at + 16_384));
      yield* ready;
      ready = [];
    }
  }
  unpack.push(new Uint8Array(0), true);
  yield* ready;
}
