// Messages of a partition that wait to be written, counted together with those of all others.
import type { Message } from '../../api/streams/message';
import type { Backlog } from './consumer-parts';

/** Most bytes of a batch. */
const BATCH_BYTES = 8 * 1_048_576;
/** When the messages that wait take so many bytes, all partitions are paused. */
const BACKLOG_BYTES = 32 * 1_048_576;
/** What a message takes besides its key and value. */
const MESSAGE_BYTES = 256;

export class WaitingMessages {
  readonly #rows: number;
  readonly #backlog: Backlog;
  #messages: readonly Message[] = [];
  #bytes = 0;

  /** @param rows records of a batch */
  constructor(rows: number, backlog: Backlog) {
    this.#rows = rows;
    this.#backlog = backlog;
  }

  get length(): number {
    return this.#messages.length;
  }

  /** Whether more messages may wait: of this partition, and of all together. */
  get hasRoom(): boolean {
    return this.length < this.#rows && this.#bytes < BATCH_BYTES && this.#backlog.bytes < BACKLOG_BYTES;
  }

  add(messages: readonly Message[]): void {
    this.#messages = this.length === 0 ? messages : [...this.#messages, ...messages];
    this.#count(bytesOf(messages));
  }

  /** The oldest messages: at most so many, and as many bytes as a batch may have. */
  oldest(most: number): readonly Message[] {
    let [count, bytes] = [0, 0];
    for (const message of this.#messages) {
      if (count === most || bytes >= BATCH_BYTES) break;
      count += 1;
      bytes += sizeOf(message);
    }
    return this.#messages.slice(0, count);
  }

  /** Takes the oldest messages away, which are written. */
  remove(messages: readonly Message[]): void {
    this.#messages = this.#messages.slice(messages.length);
    this.#free(bytesOf(messages));
  }

  clear(): void {
    this.#messages = [];
    this.#free(this.#bytes);
  }

  #free(bytes: number): void {
    this.#count(-bytes);
    // Others may have been paused for the room that these took.
    this.#backlog.onRoom();
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#backlog.bytes += bytes;
  }
}

const sizeOf = ({ key, value }: Message): number => MESSAGE_BYTES + (key?.length ?? 0) + (value?.length ?? 0);

const bytesOf = (messages: readonly Message[]): number =>
  messages.reduce((sum, message) => sum + sizeOf(message), 0);
