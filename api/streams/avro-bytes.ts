// The binary encoding of Avro. Bytes come from anywhere, so every length is checked against what is there.
import { isUtf8 } from 'node:buffer';
import { Unreadable } from './decoder';

/** Most values of one message: items that need no bytes could be counted for ever. */
const MOST_VALUES = 1_000_000;
const DEEPEST = 200;

/** Reads from the start of the bytes to their end. Everything throws Unreadable. */
export class AvroBytes {
  #at = 0;
  #values = 0;
  #depth = 0;

  constructor(private readonly buffer: Buffer) {}

  /** The number of bytes that are left. */
  get left(): number {
    return this.buffer.length - this.#at;
  }

  take(count: number): Buffer {
    if (!(count >= 0 && count <= this.left)) throw new Unreadable('the value is cut');
    this.#at += count;
    return this.buffer.subarray(this.#at - count, this.#at);
  }

  boolean(): boolean {
    const byte = this.#byte();
    if (byte > 1) throw new Unreadable('a boolean is neither 0 nor 1');
    return byte === 1;
  }

  float(): number {
    return this.take(4).readFloatLE();
  }

  double(): number {
    return this.take(8).readDoubleLE();
  }

  int(): number {
    const value = this.#number();
    if (value < -0x80000000 || value > 0x7fffffff) throw new Unreadable('a number has more than 32 bits');
    return value;
  }

  long(): bigint {
    const start = this.#at;
    let value = 0n;
    for (let shift = 0n; ; shift += 7n) {
      const byte = this.#byte();
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) break;
      if (this.#at - start === 10) throw new Unreadable('a number has more than 64 bits');
    }
    if (value >= 2n ** 64n) throw new Unreadable('a number has more than 64 bits');
    return (value >> 1n) ^ -(value & 1n);
  }

  bytes(): Buffer {
    return this.take(this.#number());
  }

  string(): string {
    const bytes = this.bytes();
    if (!isUtf8(bytes)) throw new Unreadable('a text is not UTF-8');
    return bytes.toString();
  }

  /** The branch of a union, or the symbol of an enum. */
  oneOf<T>(list: readonly T[]): T {
    const index = this.#number();
    const found = list[index];
    if (found === undefined) throw new Unreadable(`there is no choice ${index} among ${list.length}`);
    return found;
  }

  /** Reads the items of an array or a map, which come in blocks. */
  eachItem(read: () => void): void {
    for (let count = this.#number(); count !== 0; count = this.#number()) {
      // A negative count is followed by the number of its bytes.
      if (count < 0) this.#number();
      for (let n = Math.abs(count); n > 0; n -= 1) {
        this.#values += 1;
        if (this.#values > MOST_VALUES) throw new Unreadable(`it has more than ${MOST_VALUES} items`);
        read();
      }
    }
  }

  /** Reads what lies within a value. */
  inside<T>(read: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEEPEST) throw new Unreadable(`it is nested deeper than ${DEEPEST} levels`);
    const value = read();
    this.#depth -= 1;
    return value;
  }

  #byte(): number {
    const byte = this.buffer[this.#at];
    if (byte === undefined) throw new Unreadable('the value is cut');
    this.#at += 1;
    return byte;
  }

  /** A number that doubles keep; larger ones are no length and no index. */
  #number(): number {
    let value = 0;
    let unit = 1;
    for (let byte = this.#byte(); ; byte = this.#byte()) {
      value += (byte & 0x7f) * unit;
      if (byte < 0x80) break;
      unit *= 0x80;
      if (unit > 2 ** 42) throw new Unreadable('a length or a number is too large');
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
