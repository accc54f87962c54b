// Reads the rows of a query. Small results are read at once; a large one only with a place among the large answers, so that
// connections are left for small questions; its rows are packed as they arrive.
import { type Pool, type PoolClient, Query, type QueryResultRow } from 'pg';
import { currentShare } from '../http/answer-share';
import { type AnswerShare, clientGone } from '../http/large-answers';
import { type Pack, PackedRows, pack } from '../http/packed-rows';
import { socketOf } from './turns';

/** A result is large when it has more rows or more bytes than this. */
export const LARGE_ROWS = 2_000;
export const LARGE_BYTES = 512 * 1_024;

const PACK_ROWS = 500;
const PACK_BYTES = 256 * 1_024;

/**
 * The rows of a query that only reads: an array, or packed rows when they are many.
 * @throws ProblemError (too-many-requests) when the result is large and too many others are.
 */
export async function readRows<Row extends QueryResultRow>(
  pool: Pool,
  sql: string,
  values: readonly unknown[],
): Promise<Row[] | PackedRows<Row>> {
  const share = currentShare();
  if (share === undefined) return (await pool.query<Row>(sql, [...values])).rows;
  if (share.expectsMuch) await share.wait();
  const rows = await new Promise<Row[] | PackedRows<Row> | undefined>((resolve, reject) => {
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
): Promise<Row[] | PackedRows<Row> | undefined> {
  return new Promise((resolve, reject) => {
    const socket = socketOf(client);
    const before = socket.bytesRead;
    let packedAt = before;
    let count = 0;
    let isOver = false;
    let hasPlace = false;
    const packs: Pack[] = [];
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
    const query = new Query<Row>({ text: sql, values: [...values] }, (error, result) => {
      client.off('error', fail);
      if (error) fail(error);
      else if (packs.length === 0) {
        share.isSmall();
        end(undefined, () => resolve(result.rows));
      } else end(undefined, () => resolve(new PackedRows([...packs, pack(result.rows)])));
    });
    query.on('row', (_row, result) => {
      count += 1;
      if (isOver || (count <= LARGE_ROWS && socket.bytesRead - before <= LARGE_BYTES)) return;
      try {
        hasPlace ||= share.take(abandon);
      } catch (error) {
        fail(error as Error);
        return;
      }
      if (!hasPlace) abandon(() => resolve(undefined));
      // The driver collects the rows in the result.
      else if (result && (result.rows.length >= PACK_ROWS || socket.bytesRead - packedAt >= PACK_BYTES)) {
        packs.push(pack(result.rows.splice(0)));
        packedAt = socket.bytesRead;
      }
    });
    client.query(query);
  });
}
