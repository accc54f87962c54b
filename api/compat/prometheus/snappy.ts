// Unpacks the block format of Snappy: https://github.com/google/snappy/blob/main/format_description.txt
// The decoders among the packages for Node without native code follow a negative length of hostile bytes in a circle for ever, and
// take a body that was cut for a whole one.

/** The bytes are not a block of Snappy. */
export class BrokenBlock extends Error {}

/**
 * The number of bytes that a block says it has when it is unpacked, and where its elements begin.
 * @throws BrokenBlock
 */
export function blockSize(block: Buffer): { readonly size: number; readonly start: number } {
  let size = 0;
  for (let at = 0; at < 5; at += 1) {
    const byte = block[at];
    if (byte === undefined) break;
    size += (byte & 0x7f) * 2 ** (7 * at);
    if (byte < 0x80) return { size, start: at + 1 };
  }
  throw new BrokenBlock('it does not begin with its size');
}

/**
 * Unpacks a block; memory for the whole result is taken at the start, so look at `blockSize` first.
 * @throws BrokenBlock for bytes that are cut, or that are not what they say.
 */
export function unpackBlock(block: Buffer): Buffer {
  const { size, start } = blockSize(block);
  const result = Buffer.allocUnsafe(size);
  let [from, to] = [start, 0];
  while (from < block.length) {
    const element = readElement(block, from);
    const { length, offset } = element;
    from = element.next;
    if (to + length > size) throw new BrokenBlock('it has more bytes than it says');
    if (offset === undefined) {
      if (from + length > block.length) throw new BrokenBlock('it is cut');
      block.copy(result, to, from, from + length);
      from += length;
    } else {
      if (offset === 0 || offset > to) throw new BrokenBlock('it repeats bytes before its start');
      // What is repeated may overlap what is written: each byte must be there before it is read.
      for (let at = to; at < to + length; at += 1) result[at] = result[at - offset] as number;
    }
    to += length;
  }
  if (to !== size) throw new BrokenBlock('it is cut');
  return result;
}

interface Element {
  readonly length: number;
  /** How far before the end of the result the bytes are that are repeated; absent when the bytes follow. */
  readonly offset?: number;
  /** Where the element ends, without bytes that follow. */
  readonly next: number;
}

function readElement(block: Buffer, at: number): Element {
  const tag = block[at] as number;
  const short = tag >>> 2;
  const rest = at + 1;
  const number = (bytes: number): number => {
    if (rest + bytes > block.length) throw new BrokenBlock('it is cut');
    return block.readUIntLE(rest, bytes);
  };
  switch (tag & 3) {
    case 0: {
      const bytes = Math.max(0, short - 59);
      return { length: (bytes === 0 ? short : number(bytes)) + 1, next: rest + bytes };
    }
    case 1:
      return { length: (short & 7) + 4, offset: ((tag >>> 5) << 8) | number(1), next: rest + 1 };
    case 2:
      return { length: short + 1, offset: number(2), next: rest + 2 };
    default:
      return { length: short + 1, offset: number(4), next: rest + 4 };
  }
}
