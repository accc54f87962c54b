// Writes batches straight into a declared hypertable: the rows and the key of the batch in one transaction.
import { createHash } from 'node:crypto';
import type { Pool } from 'pg';
import type { Hypertable } from '../../db/language/hypertable';
import type { EngineName } from '../../db/model';
import type { Watched } from '../alerts/alert-tables';
import { passes } from '../database/passing-faults';
import { publicName } from '../database/tables';
import { ProblemError } from '../http/problems';
import { onceUnder } from '../ingest/store/idempotency';
import { writeBatch } from '../ingest/store/write-batches';
import { type RejectionReport, rejectedRows } from './rejected-rows';
import { checkedRows, type SentValues } from './row-lines';
import type { Sink } from './sink';

/** The database and the table that rows are written to. */
export interface TableSinkOptions {
  readonly pool: Pool;
  readonly engine: EngineName;
  readonly table: Hypertable;
  /** Set to raise alerts for readings of the table; see `watchedTables`. */
  readonly watched?: Watched;
  /** Separates the keys of programs: the same key of another client is another batch. Default `buffered-writer`. */
  readonly client?: string;
}

/**
 * A sink for rows of the table; the database must have the set `service`, which keeps the keys. Rows that the database rejects
 * are taken out one by one. When it rejects more than 100 rows of a batch, no row of the batch is stored.
 */
export function tableSink<R extends SentValues>(options: TableSinkOptions): Sink<R> {
  const { pool, engine, table, watched, client = 'buffered-writer' } = options;
  const target = { name: publicName(table), hypertable: table, aggregates: [], watched };
  const destination = { pool, engine: async () => engine, keepsRejected: false };
  return {
    write: async (given, { key }) => {
      const { rows, lines, sent, rejected } = checkedRows(table, given, Date.now());
      if (rows.length === 0) return rejected;
      const digest = createHash('sha256')
        .update(JSON.stringify([target.name, lines]))
        .digest('hex');
      const report = await writeBatch(
        destination,
        {
          name: target.name,
          table: target,
          format: 'ndjson',
          rows,
          rejected: [],
          requestId: key,
        },
        onceUnder({ client, key, digest }),
      ).then(({ answer }) => answer, rejectedAsAWhole);
      return [...rejected, ...rejectedRows(sent, report)];
    },
    retryAfter: (error) => (passes(error) ? 0 : undefined),
  };
}

function rejectedAsAWhole(error: unknown): RejectionReport {
  if (error instanceof ProblemError && error.problem === 'rows-rejected')
    return error.members as unknown as RejectionReport;
  throw error;
}
