// `tsdb export`: a plan, a format and a target go in, a file or bytes on standard output come out. One snapshot of the
// database is read by a cursor and written piece by piece, so that memory does not grow with the number of rows.
// - `query`: turns what a person asks for into the plan; `format`: which format a file name means
// - `cursor`: reads the rows; `values`: what a row is, and its values as text and numbers
// - `csv`, `ndjson`, `parquet`: a writer for each format; `text-writer`: what the first two have in common
// - `target`: writes the file whole or not at all
import type { ClientConfig } from 'pg';
import { messageOf, RefusedError, UsageError } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { withAbortListener } from '../abort-listener';
import { csvWriter } from './csv';
import { withRows } from './cursor';
import type { ExportFormat } from './format';
import { ndjsonWriter } from './ndjson';
import { parquetWriter } from './parquet';
import type { ExportPlan } from './query';
import { type Target, writeTo } from './target';
import type { ExportColumn, RowWriter } from './values';

/** What was written. */
export interface ExportReport {
  readonly rows: number;
  /** Bytes of the file, compressed when it is; null when the reader of standard output went away. */
  readonly bytes: number | null;
  readonly seconds: number;
}

/**
 * Writes the rows of a plan. An aborted signal ends the query on the server too, and leaves no file.
 * @throws RefusedError when the caller's own query would write, or is more than one, and when a value does not fit the format;
 * UsageError when two columns have one name, or the file cannot be written; DatabaseError when the server cannot be reached.
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
    target.signal.throwIfAborted();
    const write = () =>
      withRows(db, plan, async (columns, read) => {
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
    try {
      return await withAbortListener(target.signal, () => void db.end(), write);
    } catch (error) {
      throw plan.source === null ? refusal(error) : error;
    }
  });
  return { rows, bytes: bytes ?? null, seconds: Math.round(performance.now() - start) / 1_000 };
}

type OpenWriter = (columns: readonly ExportColumn[]) => RowWriter | Promise<RowWriter>;

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
