// Writes batches straight into a declared hypertable: the rows and the key of the batch in one transaction.
import { createHash } from 'node:crypto';
import type { Hypertable } from '../../db/language/hypertable';
import { isUnreachable, recoveryOf } from '../../db/server/retry';
import type { Watched } from '../alerts/alert-tables';
import { databaseFault } from '../database/database-errors';
import { publicName } from '../database/tables';
import { ProblemError } from '../http/problems';
import { type Destination, writeBatch } from '../ingest/store/write-batches';
import { refusalsOf, type ToldRefusals } from './refused-lines';
import { checkedRows, type SentValues } from './row-lines';
import type { Sink } from './sink';

/** Where rows go. */
export interface TableSinkOptions extends Pick<Destination, 'pool' | 'engine'> {
  readonly table: Hypertable;
  /** Set when readings of the table shall raise alerts; see `watchedTables`. */
  readonly watched?: Watched;
  /** Keeps keys of programs apart: the same key of another client is another batch. Default `buffered-writer`. */
  readonly client?: string;
}

/**
 * A sink for rows of the table; the database must have the set `service`, which keeps the keys. What the database refuses is
 * taken out row by row; when it refuses more than 100 rows of a batch, nothing of the batch is stored and all are refused.
 */
export function tableSink<R extends SentValues>(options: TableSinkOptions): Sink<R> {
  const { pool, engine, table, watched, client = 'buffered-writer' } = options;
  const name = publicName(table);
  return {
    write: async (given, { key }) => {
      const { rows, lines, sent, refused } = checkedRows(table, given, Date.now());
      if (rows.length === 0) return refused;
      const digest = createHash('sha256')
        .update(JSON.stringify([name, lines]))
        .digest('hex');
      const told = await writeBatch(
        { pool, engine, keepsRefused: false },
        {
          name,
          target: { table, aggregates: [], watched },
          format: 'ndjson',
          rows,
          verdicts: [],
          requestId: key,
          key: { client, key, digest },
        },
      ).then(({ answer }) => answer as unknown as ToldRefusals, refusedAsAWhole);
      return [...refused, ...refusalsOf(sent, told)];
    },
    retryAfter: (error) => (mayPass(error) ? 0 : undefined),
  };
}

function refusedAsAWhole(error: unknown): ToldRefusals {
  if (error instanceof ProblemError && error.problem === 'rows-rejected')
    return error.members as unknown as ToldRefusals;
  throw error;
}

function mayPass(error: unknown): boolean {
  // in-progress: the session of a writer that died may hold the key until the server notices.
  if (error instanceof ProblemError)
    return error.problem === 'in-progress' || error.problem === 'database-timeout';
  const fault = databaseFault(error);
  const isAway = fault === 'lost' || fault === 'unavailable' || fault === 'timeout';
  return isAway || recoveryOf(error) !== undefined || isUnreachable(error);
}
