// Repeated writes: the key and the answer of a write are stored in the transaction of its rows, so that all of them exist or none.
import { relation } from '../../../db/core/sql';
import type { Db } from '../../../db/model';
import { BODY_KEY, ingestRequests } from '../../../db/schema/service';
import { ProblemError } from '../../http/problems';
import type { IngestAnswer } from '../ingest-schemas';
import type { StoredAnswer, WriteOnce } from './write-once';

/** Identifies a write that a client may send again. */
export interface WriteKey {
  readonly client: string;
  readonly key: string;
  /** SHA-256 of everything that determines the rows. */
  readonly digest: string;
}

/** How long a write waits for another one with the same key. */
const WAIT = '5s';
const LOCK_NOT_AVAILABLE = '55P03';
const TABLE = relation(ingestRequests);

/**
 * Writes once under a key.
 * @throws ProblemError: in-progress after 5 s of waiting, key-reused when the key was used for other rows.
 */
export const onceUnder = (key: WriteKey): WriteOnce => ({
  claim: (db) => claimKey(db, key),
  keep: (db, results) => keepAnswers(db, key, results),
});

/**
 * Claims the key for this transaction. While another transaction holds the key, waits for the end of that transaction.
 * @returns the stored answers when the write was done before.
 */
async function claimKey(
  db: Db,
  { client, key, digest }: WriteKey,
): Promise<readonly StoredAnswer[] | undefined> {
  await db.query(`SET LOCAL lock_timeout = '${WAIT}'`);
  const claimed = await db
    .query(
      `INSERT INTO ${TABLE} (client, key, body_digest, status, answer) VALUES ($1, $2, $3, 0, '{}') ON CONFLICT DO NOTHING`,
      [client, key, digest],
    )
    .catch((error: unknown) => {
      if ((error as { code?: unknown }).code !== LOCK_NOT_AVAILABLE) throw error;
      throw new ProblemError(
        'in-progress',
        'A write with this Idempotency-Key is still in progress; send it again in a moment to get its answer',
      );
    });
  await db.query('SET LOCAL lock_timeout TO DEFAULT');
  if (claimed.rowCount === 1) return undefined;
  const { rows } = await db.query<StoredRequest>(
    `SELECT body_digest, status, answer FROM ${TABLE} WHERE client = $1 AND key = $2`,
    [client, key],
  );
  const [stored] = rows;
  // The key was deleted between the two statements because it was seven days old; the next attempt can claim it.
  if (!stored) throw new ProblemError('in-progress', 'The key has just expired; send the write again');
  if (stored.body_digest !== digest)
    throw new ProblemError(
      'key-reused',
      'This Idempotency-Key was used for another body, table, content-type or precision; use a new key for new rows',
    );
  const { status, answer } = stored;
  return 'answers' in answer ? answer.answers : [{ status, answer: { ...BEFORE_KEYS, ...answer } }];
}

interface StoredRequest extends Pick<StoredAnswer, 'status'> {
  readonly body_digest: string;
  /** One answer; or the answers of a write into several tables, each with its status. */
  readonly answer: IngestAnswer | { readonly answers: readonly StoredAnswer[] };
}

/** Members that answers did not have when they were stored by an earlier version. */
const BEFORE_KEYS = { unchanged: 0 } as const;

/** Stores the answers under the key that this transaction has claimed. */
async function keepAnswers(
  db: Db,
  { client, key }: WriteKey,
  answers: readonly StoredAnswer[],
): Promise<void> {
  const kept = answers.map(({ status, answer }) => ({ status, answer }));
  await db.query(`UPDATE ${TABLE} SET status = $3, answer = $4 WHERE client = $1 AND key = $2`, [
    client,
    key,
    Math.max(0, ...kept.map(({ status }) => status)),
    JSON.stringify(kept.length === 1 ? kept[0]?.answer : { answers: kept }),
  ]);
}

/** Deletes answers that are older than seven days, and after one day those that clients did not ask for: nobody retries for longer. */
export async function forgetOldAnswers(db: Db): Promise<void> {
  await db.query(
    `DELETE FROM ${TABLE} WHERE received_at < now() - INTERVAL '7 days' OR received_at < now() - INTERVAL '1 day' AND key LIKE '${BODY_KEY}%'`,
  );
}
