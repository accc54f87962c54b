// A window over a stream of bytes: what has arrived and was not used yet.

const CAPACITY = 2 * 1024 * 1024;

/** The bytes of a stream that have arrived and were not dropped yet. */
export class ByteWindow {
  /** The stream has ended: no other bytes will follow. */
  atEnd = false;
  // All bytes pass through this one buffer, because a new buffer for each batch would use memory until it is collected.
  #store: Buffer = Buffer.allocUnsafeSlow(CAPACITY);
  #length = 0;
  readonly #chunks: AsyncIterator<Buffer>;

  constructor(chunks: AsyncIterable<Buffer>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /**
   * Waits until there are more than `count` bytes, or until the stream ends.
   * @returns all bytes of the window; they stay as they are until the next call.
   */
  async fill(count: number): Promise<Buffer> {
    while (this.#length <= count && !this.atEnd) {
      const { value, done } = await this.#chunks.next();
      if (done === true) this.atEnd = true;
      else this.#append(value);
    }
    return this.#store.subarray(0, this.#length);
  }

  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    if (length > this.#store.length) {
      const larger = Buffer.allocUnsafeSlow(2 * length);
      this.#store.copy(larger, 0, 0, this.#length);
      this.#store = larger;
    }
    chunk.copy(this.#store, this.#length);
    this.#length = length;
  }

  /** Drops bytes from the start of the window. */
  drop(count: number): void {
    const dropped = Math.min(count, this.#length);
    this.#store.copyWithin(0, dropped, this.#length);
    this.#length -= dropped;
  }

  /** Closes the stream, at its end or before. */
  async close(): Promise<void> {
    await this.#chunks.return?.();
  }
}
