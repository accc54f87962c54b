// Commits the offsets of a partition to the broker, in the background: first its dead letters are sent, then the offset after them.
import { pause } from '../../api/buffer/pause';
import { messageOf } from '../../db/core/errors';
import { pauseBefore } from '../../db/server/retry';
import type { ConsumerParts } from './consumer-parts';
import type { GroupPartition } from './positions';

export class OffsetCommits {
  readonly #parts: ConsumerParts;
  readonly #of: GroupPartition;
  readonly #signal: AbortSignal;
  /** How far the partition is stored, and how far the broker knows. */
  #position: bigint | undefined;
  #told: bigint | undefined;
  /** Whether letters may wait for their topic. */
  #mayHaveLetters = true;
  #work: Promise<void> | undefined;

  /** @param signal ends it */
  constructor(parts: ConsumerParts, of: GroupPartition, signal: AbortSignal) {
    this.#parts = parts;
    this.#of = of;
    this.#signal = signal;
  }

  /** Resolves when the broker knows everything; undefined when it does. */
  get done(): Promise<void> | undefined {
    return this.#work;
  }

  /** The position was read: whatever another process has left is told again. */
  begin(position: bigint | undefined): void {
    this.#told = undefined;
    this.stored(position, true);
  }

  /** The partition is stored up to there. */
  stored(position: bigint | undefined, hasLetters: boolean): void {
    this.#position = position;
    this.#mayHaveLetters ||= hasLetters;
    this.#start();
  }

  #start(): void {
    this.#work ??= this.#commit().finally(() => {
      this.#work = undefined;
      if (!this.#signal.aborted && this.#told !== this.#position) this.#start();
    });
  }

  async #commit(): Promise<void> {
    const { letters, source, log } = this.#parts;
    const { topic, partition } = this.#of;
    for (let attempt = 2; !this.#signal.aborted && this.#told !== this.#position; attempt += 1) {
      const position = this.#position as bigint;
      try {
        if (this.#mayHaveLetters) {
          // Letters of a batch that is stored while these are sent set it again.
          this.#mayHaveLetters = false;
          await letters?.publish(this.#of);
        }
        await source.commit(this.#of, position);
        this.#told = position;
      } catch (error) {
        this.#mayHaveLetters = true;
        log.warn(
          { topic, partition, reason: messageOf(error) },
          'the dead-letter topic or the offset at the broker is behind; the rows are stored, the next try follows',
        );
        await pause(pauseBefore(attempt), this.#signal);
      }
    }
  }
}
