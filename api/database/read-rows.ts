// Reads the rows of a query and packs them as they arrive. A large result is only read with a place among the large answers, so that
// connections are left for small questions.
import { type Pool, type PoolClient, Query, type QueryResultRow } from 'pg';
import { currentShare } from '../http/answer-share';
import { type AnswerShare, clientGone } from '../http/large-answers';
import { type PackedRows, Packer } from '../http/packed-rows';
import { columnOf } from './columns';
import type { RowBytes } from './row-bytes';

/** A result is large when it has more rows or more bytes than this. */
export const LARGE_ROWS = 2_000;
export const LARGE_BYTES = 512 * 1_024;

/** A query that gives its rows to a function as they were received. The driver would make objects of them. */
class RowBytesQuery<Row extends QueryResultRow> extends Query<Row> {
  handleDataRow: (row: RowBytes) => void = () => undefined;
}

/**
 * The rows of a query that only reads, packed where they become an answer.
 * @throws ProblemError (too-many-requests) when the result is large and too many others are.
 */
export async function readRows<Row extends QueryResultRow>(
  pool: Pool,
  sql: string,
  values: readonly unknown[],
): Promise<Row[] | PackedRows<Row>> {
  const share = currentShare();
  if (share === undefined) return (await pool.query<Row>(sql, [...values])).rows;
  await share.sizeKnown();
  if (share.expectsMuch) await share.wait();
  const rows = await new Promise<PackedRows<Row> | undefined>((resolve, reject) => {
    // In the callback, because a session may end before a promise has told of it.
    pool.connect((error, client) => {
      if (client === undefined) reject(error);
      else resolve(rowsUnlessLarge<Row>(client, sql, values, share));
    });
  });
  if (rows !== undefined) return rows;
  // The connection is gone, so that nobody waits for it in vain; the query begins again in its turn.
  await share.wait();
  return readRows(pool, sql, values);
}

/** The rows; undefined when there are many and no place is free for them. */
function rowsUnlessLarge<Row extends QueryResultRow>(
  client: PoolClient,
  sql: string,
  values: readonly unknown[],
  share: AnswerShare,
): Promise<PackedRows<Row> | undefined> {
  return new Promise((resolve, reject) => {
    const packer = new Packer();
    let isOver = false;
    let hasPlace = false;
    const end = (failure: Error | undefined, settle: () => void): void => {
      if (isOver) return;
      isOver = true;
      // As the pool's own `query` does it: a connection on which something failed is not used again.
      client.release(failure);
      settle();
    };
    const fail = (error: Error): void => end(error, () => reject(error));
    // The rest of the result is not waited for: without its connection the server stops sending it.
    const abandon = (settle = () => reject(clientGone())): void =>
      end(new Error('the rest of the result is not needed'), settle);
    client.once('error', fail);
    const query = new RowBytesQuery<Row>({ text: sql, values: [...values] }, (error, result) => {
      client.off('error', fail);
      if (error) {
        fail(error);
        return;
      }
      if (!isLarge(packer)) share.isSmall();
      end(undefined, () => resolve(packer.rows(result.fields.map(columnOf))));
    });
    query.handleDataRow = ({ bytes, start, end: last }) => {
      if (isOver) return;
      packer.add(bytes, start, last);
      if (hasPlace || !isLarge(packer)) return;
      try {
        hasPlace = share.take(abandon);
      } catch (error) {
        fail(error as Error);
        return;
      }
      if (!hasPlace) abandon(() => resolve(undefined));
    };
    client.query(query);
  });
}

const isLarge = ({ length, bytes }: Packer): boolean => length > LARGE_ROWS || bytes > LARGE_BYTES;
