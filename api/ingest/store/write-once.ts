// A write that is stored once, however often it is tried: by an idempotency key, or by the position in a stream.
import type { Db } from '../../../db/model';
import type { IngestAnswer } from '../ingest-schemas';
import type { RejectedRow } from '../rows';

/** An answer as it was sent. */
export interface StoredAnswer {
  readonly status: number;
  readonly answer: IngestAnswer;
}

/** The answer to a write; `replayed` = the write was done before. */
export interface WriteResult extends StoredAnswer {
  readonly replayed: boolean;
}

/** Makes sure that a write is stored once, however often it is tried: both functions run in the transaction of its rows. */
export interface WriteOnce {
  /**
   * Runs before the rows.
   * @returns the answers when the write was done before: then nothing else happens.
   * @throws whatever must undo the write.
   */
  claim(db: Db): Promise<readonly StoredAnswer[] | undefined>;
  /** Runs after the rows; the rejected ones are those of each batch, all of them. */
  keep(db: Db, results: readonly WriteResult[], rejected: readonly (readonly RejectedRow[])[]): Promise<void>;
}
