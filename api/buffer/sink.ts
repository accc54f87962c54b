// The sink of a buffered writer, and what the writer reports about rows and batches.

/** A place that takes batches of rows. */
export interface Sink<Row> {
  /**
   * Stores all rows of a batch except those that it returns. When it is called again with the same key and rows after a failure,
   * it must not store anything twice.
   * @returns the rows that can never be stored; all others are stored.
   * @throws for failures that are not about single rows; then it is unknown whether anything was stored.
   */
  write(rows: readonly Row[], delivery: Delivery): Promise<readonly Rejected<Row>[]>;
  /** The shortest pause in milliseconds before a retry after this error; undefined when a retry would fail again. */
  retryAfter(error: unknown): number | undefined;
}

/** One attempt to store a batch. */
export interface Delivery {
  /** Identifies the batch in all attempts. */
  readonly key: string;
  /** Number of the attempt, from 1. */
  readonly attempt: number;
  /** The writer's signal, with which a running attempt may end early. */
  readonly signal: AbortSignal | undefined;
}

/** A row that cannot be stored. */
export interface Rejected<Row> {
  readonly row: Row;
  readonly reason: string;
}

/** Rows with the key of their batch. */
export interface KeyedRows<Row> {
  readonly key: string;
  readonly rows: readonly Row[];
}

/** What a writer has done; numbers of rows unless stated otherwise. `accepted` = written + refused + waiting + inFlight. */
export interface WriterCounters {
  /** Rows that add() and addBatch() took. */
  readonly accepted: number;
  readonly written: number;
  /** Rows that cannot be stored and were given to `onRefused`. */
  readonly refused: number;
  readonly waiting: number;
  readonly inFlight: number;
  /** Batches that were stored. */
  readonly flushes: number;
  /** Attempts after the first one of each batch. */
  readonly retries: number;
}
