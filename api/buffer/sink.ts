// What a buffered writer writes to, and what it says about rows and batches.

/** A place that takes batches of rows. */
export interface Sink<Row> {
  /**
   * Stores the rows of a batch: all of them, except those that it returns. Called again with the same key and the same rows
   * after a failure, it must not store anything twice.
   * @returns the rows that cannot be stored, whoever tries and whenever; the others are stored.
   * @throws anything that is not about single rows: then nothing is known to be stored.
   */
  write(rows: readonly Row[], delivery: Delivery): Promise<readonly Rejected<Row>[]>;
  /** The shortest pause in milliseconds before the next try after this error; undefined when a next try would only fail again. */
  retryAfter(error: unknown): number | undefined;
}

/** One try to store a batch. */
export interface Delivery {
  /** Names the batch, through all tries. */
  readonly key: string;
  /** Number of the try, from 1. */
  readonly attempt: number;
  /** The writer's signal: a try under way may end early. */
  readonly signal: AbortSignal | undefined;
}

/** A row that cannot be stored. */
export interface Rejected<Row> {
  readonly row: Row;
  readonly reason: string;
}

/** Rows with the key that they are, or would have been, written under. */
export interface KeyedRows<Row> {
  readonly key: string;
  readonly rows: readonly Row[];
}

/** What a writer has done, in rows unless said otherwise. `accepted` = written + refused + waiting + inFlight. */
export interface WriterCounters {
  /** Rows that add() and addBatch() took. */
  readonly accepted: number;
  readonly written: number;
  /** Rows that the sink refused and `onRefused` was given. */
  readonly refused: number;
  readonly waiting: number;
  readonly inFlight: number;
  /** Batches that were stored. */
  readonly flushes: number;
  /** Tries beyond the first one of a batch. */
  readonly retries: number;
}
