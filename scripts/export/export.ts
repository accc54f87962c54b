// Carries out an export: one snapshot of the database, read by a cursor, written piece by piece.
import type { ClientConfig } from 'pg';
import { messageOf, RefusedError, UsageError } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { csvWriter } from './csv';
import { withRows } from './cursor';
import type { ExportFormat } from './format';
import { ndjsonWriter } from './ndjson';
import { parquetWriter } from './parquet';
import type { ExportPlan } from './query';
import type { OpenWriter } from './row-writer';
import { type Target, writeTo } from './target';
import type { ExportColumn } from './values';

/** What was written. */
export interface ExportReport {
  readonly rows: number;
  /** Bytes of the file, compressed when it is; null when the reader of standard output went away. */
  readonly bytes: number | null;
  readonly seconds: number;
}

/**
 * Exports. An aborted signal ends the query on the server too, and leaves no file.
 * @throws RefusedError when a query would write, or is more than one.
 */
export async function exportRows(
  connection: ClientConfig,
  plan: ExportPlan,
  format: ExportFormat,
  target: Target,
): Promise<ExportReport> {
  const start = performance.now();
  let rows = 0;
  const bytes = await withConnection(connection, async (db) => {
    const stop = (): void => void db.end();
    target.signal.addEventListener('abort', stop, { once: true });
    try {
      target.signal.throwIfAborted();
      return await withRows(db, plan, async (columns, read) => {
        checkNames(columns);
        const writer = await WRITERS[format](columns);
        const pieces = async function* (): AsyncGenerator<Uint8Array> {
          for await (const more of read(writer.add)) {
            yield* writer.take();
            rows += more;
          }
          yield* writer.finish();
        };
        return writeTo(target, pieces());
      });
    } catch (error) {
      throw plan.source === null ? refusal(error) : error;
    } finally {
      target.signal.removeEventListener('abort', stop);
    }
  });
  return { rows, bytes: bytes ?? null, seconds: Math.round(performance.now() - start) / 1_000 };
}

const WRITERS: Readonly<Record<ExportFormat, OpenWriter>> = {
  csv: csvWriter,
  ndjson: ndjsonWriter,
  parquet: parquetWriter,
};

function checkNames(columns: readonly ExportColumn[]): void {
  const names = columns.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined) throw new UsageError(`two columns are called ${twice}; name one of them with AS`);
  if (names.length === 0) throw new UsageError('the query has no columns');
}

// read_only_sql_transaction, feature_not_supported (a WITH that writes), syntax_error (anything that is not a query, or two).
const NOT_ONE_QUERY = new Set(['25006', '0A000', '42601']);

function refusal(error: unknown): unknown {
  if (!NOT_ONE_QUERY.has((error as { code?: string }).code ?? '')) return error;
  return new RefusedError(
    `the database refused the query: ${messageOf(error)}. --sql takes one query that only reads: SELECT, WITH, VALUES or TABLE`,
    { cause: error },
  );
}
