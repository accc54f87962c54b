// Decompresses zstd. Node can do it since 22.15; before that a package in JavaScript does.
import { Readable } from 'node:stream';
import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';

/** The decompressed chunks of a stream. */
export function unzstd(packed: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncIterable<Buffer> {
  const { createZstdDecompress } = zlib as { readonly createZstdDecompress?: typeof zlib.createGunzip };
  if (createZstdDecompress === undefined) return unpacked(packed);
  return Readable.from(packed).compose(createZstdDecompress({ chunkSize: CHUNK }));
}

const CHUNK = 65_536;

// The package's stream reads all frames of a file, also several that follow each other (`cat a.zst b.zst`, pzstd).
async function* unpacked(packed: AsyncIterable<Buffer> | Iterable<Buffer>): AsyncGenerator<Buffer> {
  let ready: Buffer[] = [];
  // The package uses its output buffer again.
  const unpack = new Decompress((data) => ready.push(Buffer.from(data)));
  for await (const chunk of packed) {
    // It gets small pieces, because well compressed data may grow a thousandfold.
    for (let at = 0; at < chunk.length; at += 16_384) {
      unpack.push(chunk.subarray(at, at + 16_384));
      yield* ready;
      ready = [];
    }
  }
  unpack.push(new Uint8Array(0), true);
  yield* ready;
}
