// Unpacks LZ4 frames: https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md and lz4_Block_format.md. The packages for Node without
// native code have not been kept for years. Checksums are passed over: records come over TCP, from a broker that has checked their batch.

/** The bytes are not a frame of LZ4. */
export class BrokenFrame extends Error {}

/** The frame has more bytes than are allowed. */
export class FrameTooLarge extends Error {}

/**
 * Unpacks one frame or several in a row.
 * @throws BrokenFrame for bytes that are cut, or that are not what they say; FrameTooLarge beyond `limit` bytes.
 */
export function unpackLz4(packed: Buffer, limit: number): Buffer {
  const out = new Unpacked(limit);
  let at = 0;
  do at = unpackFrame(packed, at, out);
  while (at < packed.length);
  return out.bytes();
}

const MAGIC = 0x184d2204;
/** Of frames that hold no data; the last digit varies. */
const SKIPPABLE = 0x184d2a50;

/** @returns where the frame ends. */
function unpackFrame(packed: Buffer, start: number, out: Unpacked): number {
  const magic = number(packed, start, 4);
  if ((magic & 0xfffffff0) === SKIPPABLE) {
    const end = start + 8 + number(packed, start + 4, 4);
    if (end > packed.length) throw new BrokenFrame('it is cut');
    return end;
  }
  if (magic !== MAGIC) throw new BrokenFrame('it does not begin as one');
  const flags = number(packed, start + 4, 1);
  if (flags >>> 6 !== 1) throw new BrokenFrame(`its version ${flags >>> 6} is not known`);
  if (flags & DICTIONARY) throw new BrokenFrame('it needs a dictionary');
  let at = start + 6 + (flags & CONTENT_SIZE ? 8 : 0) + 1;
  out.beginFrame();
  for (;;) {
    const word = number(packed, at, 4);
    at += 4;
    if (word === 0) break;
    const size = word & 0x7fffffff;
    if (at + size > packed.length) throw new BrokenFrame('it is cut');
    const block = packed.subarray(at, at + size);
    if (word >>> 31) out.append(block, 0, size);
    else unpackBlock(block, out);
    at += size + (flags & BLOCK_CHECKSUM ? 4 : 0);
  }
  at += flags & CONTENT_CHECKSUM ? 4 : 0;
  if (at > packed.length) throw new BrokenFrame('it is cut');
  return at;
}

const DICTIONARY = 1;
const CONTENT_CHECKSUM = 4;
const CONTENT_SIZE = 8;
const BLOCK_CHECKSUM = 16;

function number(bytes: Buffer, at: number, size: 1 | 2 | 4): number {
  if (at + size > bytes.length) throw new BrokenFrame('it is cut');
  return bytes.readUIntLE(at, size);
}

function unpackBlock(block: Buffer, out: Unpacked): void {
  let at = 0;
  const length = (short: number): number => {
    if (short < 15) return short;
    let sum = short;
    for (let byte = 255; byte === 255; ) {
      byte = number(block, at, 1);
      at += 1;
      sum += byte;
    }
    return sum;
  };
  while (at < block.length) {
    const token = block[at] as number;
    at += 1;
    const literals = length(token >>> 4);
    if (at + literals > block.length) throw new BrokenFrame('it is cut');
    out.append(block, at, literals);
    at += literals;
    // The last sequence of a block has no match.
    if (at === block.length) return;
    const offset = number(block, at, 2);
    at += 2;
    out.repeat(offset, length(token & 15) + 4);
  }
}

/** What was unpacked so far. */
class Unpacked {
  #bytes = Buffer.allocUnsafe(65_536);
  #length = 0;
  #frame = 0;

  constructor(readonly limit: number) {}

  bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Later blocks of a frame may repeat bytes of earlier ones, but not of the frames before it. */
  beginFrame(): void {
    this.#frame = this.#length;
  }

  append(from: Buffer, start: number, count: number): void {
    this.#reserve(count);
    from.copy(this.#bytes, this.#length, start, start + count);
    this.#length += count;
  }

  repeat(offset: number, count: number): void {
    const from = this.#length - offset;
    if (offset === 0 || from < this.#frame) throw new BrokenFrame('it repeats bytes before its start');
    this.#reserve(count);
    const [bytes, to] = [this.#bytes, this.#length];
    if (offset >= count) bytes.copyWithin(to, from, from + count);
    // What is repeated overlaps what is written: each byte must be there before it is read.
    else for (let at = 0; at < count; at += 1) bytes[to + at] = bytes[from + at] as number;
    this.#length += count;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed > this.limit) throw new FrameTooLarge();
    if (needed <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.min(this.limit, Math.max(needed, 2 * this.#bytes.length)));
    this.#bytes.copy(larger, 0, 0, this.#length);
    this.#bytes = larger;
  }
}
