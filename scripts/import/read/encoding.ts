// Encodings of files. Everything behind this step reads UTF-8.
import { UsageError } from '../../../db/core/errors';
import type { Encoding } from '../options';

const MARKS: readonly (readonly [Encoding, Buffer])[] = [
  ['utf-8', Buffer.from([0xef, 0xbb, 0xbf])],
  ['utf-16le', Buffer.from([0xff, 0xfe])],
  ['utf-16be', Buffer.from([0xfe, 0xff])],
];

/** The encoding whose byte order mark the bytes begin with. */
export const markedEncoding = (bytes: Buffer): Encoding | undefined =>
  MARKS.find(([, mark]) => bytes.subarray(0, mark.length).equals(mark))?.[0];

/** Turns the bytes of a file into UTF-8, chunk by chunk. A byte order mark of UTF-16 is left out. */
export function toUtf8(chunks: AsyncIterable<Buffer>, encoding: Encoding): AsyncIterable<Buffer> {
  if (encoding === 'utf-8') return chunks;
  return encoding.startsWith('utf-16') ? fromUtf16(chunks, encoding) : fromBytes(chunks, encoding);
}

async function* fromUtf16(chunks: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  const decoder = new TextDecoder(encoding, { fatal: true });
  let done = 0;
  const decode = (bytes: Buffer, stream: boolean): Buffer => {
    try {
      return Buffer.from(decoder.decode(bytes, { stream }));
    } catch (error) {
      throw new UsageError(`the bytes from ${done} on are not ${encoding}; is --encoding right?`, {
        cause: error,
      });
    }
  };
  for await (const chunk of chunks) {
    yield decode(chunk, true);
    done += chunk.length;
  }
  yield decode(Buffer.alloc(0), false);
}

/** The characters of the bytes 0x80 to 0x9f; a blank stands for none. */
const WINDOWS_1252 = '€ ‚ƒ„…†‡ˆ‰Š‹Œ Ž  ‘’“”•–—˜™š›œ žŸ';

// In these encodings each byte is one character.
async function* fromBytes(chunks: AsyncIterable<Buffer>, encoding: Encoding): AsyncGenerator<Buffer> {
  const windows = encoding === 'windows-1252';
  for await (const chunk of chunks) {
    const text = chunk.toString('latin1');
    yield Buffer.from(windows ? text.replace(/[\x80-\x9f]/g, windowsCharacter) : text);
  }
}

function windowsCharacter(character: string): string {
  const code = character.charCodeAt(0);
  const found = WINDOWS_1252[code - 0x80];
  if (found !== undefined && found !== ' ') return found;
  throw new UsageError(
    `the byte 0x${code.toString(16)} is no character of windows-1252; is --encoding right? latin1 has a character for each byte`,
  );
}
