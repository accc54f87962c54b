// Messages that have arrived and are not stored yet. They become a batch when no more arrive, or when there are many.
import { setTimeout as delay } from 'node:timers/promises';
import type { BatchLimits } from '../stream-config';
import type { Delivery } from './connection';

/**
 * A broker sends only so many messages before one is acknowledged (mosquitto 20, unless it is told otherwise). Then no more arrive, and
 * waiting for them would be in vain.
 */
const QUIET_MS = 2;
/** QoS 0 knows no acknowledgements, so a broker would send without end. */
const MOST_BYTES = 64 * 1024 * 1024;
const MOST_MESSAGES = 100_000;

/** What has arrived. */
export class Gathered {
  #held: Delivery[] = [];
  #since = 0;
  #bytes = 0;
  /** Messages of the batch that is being stored. */
  #taken = 0;
  #isClosed = false;
  #wake: () => void = () => undefined;
  #emptied: (() => void)[] = [];

  constructor(readonly limits: BatchLimits) {}

  /** Messages that are not stored yet. */
  get count(): number {
    return this.#held.length + this.#taken;
  }

  get isFull(): boolean {
    return this.#bytes > MOST_BYTES || this.#held.length >= MOST_MESSAGES;
  }

  add(delivery: Delivery): void {
    if (this.#isClosed) return;
    if (this.#held.length === 0) this.#since = performance.now();
    this.#held.push(delivery);
    this.#bytes += delivery.message.value?.length ?? 0;
    this.#wake();
  }

  /** Takes no more messages: what arrives from now on is not acknowledged, and the broker delivers it again. */
  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  /** Resolves when everything that has arrived is stored. */
  emptied(): Promise<void> {
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => this.#emptied.push(resolve));
  }

  /** Forgets everything that is not stored; returns how many messages that are. */
  abandon(): number {
    const { count } = this;
    this.#held = [];
    this.#taken = 0;
    this.#settle();
    return count;
  }

  #settle(): void {
    if (this.count === 0) for (const done of this.#emptied.splice(0)) done();
  }

  /** The next batch; undefined when it is closed and nothing is left. The one before it is stored. */
  async next(): Promise<readonly Delivery[] | undefined> {
    this.#taken = 0;
    this.#settle();
    while (this.#held.length === 0) {
      if (this.#isClosed) return undefined;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    const { rows, ms } = this.limits;
    for (let before = 0; before < this.#held.length; await delay(QUIET_MS)) {
      const waited = performance.now() - this.#since;
      if (this.#isClosed || this.#held.length >= rows || waited >= ms) break;
      before = this.#held.length;
    }
    const batch = this.#held.splice(0, rows);
    this.#taken = batch.length;
    for (const { message } of batch) this.#bytes -= message.value?.length ?? 0;
    return batch;
  }
}
