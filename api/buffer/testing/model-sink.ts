// A sink in memory for tests: keeps batches by key as a database does, and fails on demand.
import type { Delivery, Rejected, Sink } from '../sink';

/** What a try does: `lost` stores the batch and loses the answer; `down` and `broken` store nothing. */
export type Outcome = 'stored' | 'down' | 'lost' | 'broken';

/** A temporary failure that asks for a pause of this many milliseconds. */
export class Down extends Error {
  constructor(readonly pauseMs = 0) {
    super('the model is down');
  }
}

/** Numbers are rows; negative ones are refused. */
export class ModelSink implements Sink<number> {
  /** Rows by key, in the order that they were stored. */
  readonly batches = new Map<string, readonly number[]>();
  readonly deliveries: (Delivery & { readonly rows: readonly number[] })[] = [];
  /** Most tries at the same time. */
  mostUnderway = 0;
  #underway = 0;

  /** @param outcomes what the next tries do; then all are stored. `takesMs` is how long each takes. */
  constructor(
    readonly outcomes: (Outcome | Error)[] = [],
    readonly takesMs = 0,
  ) {}

  async write(rows: readonly number[], delivery: Delivery): Promise<readonly Rejected<number>[]> {
    const outcome = this.outcomes.shift() ?? 'stored';
    this.deliveries.push({ ...delivery, rows: [...rows] });
    this.#underway += 1;
    this.mostUnderway = Math.max(this.mostUnderway, this.#underway);
    if (this.takesMs > 0) await new Promise((resolve) => setTimeout(resolve, this.takesMs));
    this.#underway -= 1;
    if (outcome instanceof Error) throw outcome;
    if (outcome === 'broken') throw new Error('the model is broken');
    if (outcome === 'stored' || outcome === 'lost') {
      const before = this.batches.get(delivery.key);
      if (before && before.join() !== rows.join()) throw new Error('the key was used for other rows');
      this.batches.set(delivery.key, [...rows]);
    }
    if (outcome !== 'stored') throw new Down();
    return rows.filter((row) => row < 0).map((row) => ({ row, reason: 'is negative' }));
  }

  retryAfter(error: unknown): number | undefined {
    return error instanceof Down ? error.pauseMs : undefined;
  }

  /** Every row that is stored, refused ones included. */
  get rows(): readonly number[] {
    return [...this.batches.values()].flat();
  }
}
