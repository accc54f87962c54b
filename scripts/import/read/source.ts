// Opens the bytes of a file, decompressed, as a stream that can be read more than once.
import { randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { unzstd } from '../../../api/http/unzstd';
import { messageOf, UsageError } from '../../../db/core/errors';
import type { Compression, Format } from '../options';

/** Standard input. */
export const STDIN = '-';

const CHUNK = 64 * 1024;

/** What the name of a file says about it: `x.csv.gz` → csv, gzip. A file with an unknown ending is plain CSV. */
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
 * Runs `work` with a file that can be read twice: standard input is first copied into a temporary file, which only this user
 * can read.
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
 * Streams the decompressed bytes. Each chunk stays as it is until the next one is asked for.
 * @throws UsageError when the file cannot be read or decompressed.
 */
export async function* readBytes(path: string, compression: Compression): AsyncGenerator<Buffer> {
  try {
    if (compression === 'none') yield* plain(path);
    else yield* decompressed(path, compression);
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${messageOf(error)}`, { cause: error });
  }
}

// All chunks share one buffer, so that a large file leaves no garbage.
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

async function* decompressed(path: string, compression: Compression): AsyncGenerator<Buffer> {
  const raw = createReadStream(path, { highWaterMark: CHUNK });
  if (compression === 'zstd') return yield* unzstd(raw);
  const unpack = createGunzip({ chunkSize: CHUNK });
  // pipe() does not pass errors of the file on.
  raw.on('error', (error) => unpack.destroy(error));
  try {
    yield* raw.pipe(unpack) as AsyncIterable<Buffer>;
  } finally {
    raw.destroy();
  }
}
