// The way of every written row: whatever door it came through, it is checked, stored and answered here.
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { ProblemError } from '../http/problems';
import { type AddressedRow, readRows } from './read/read-rows';
import type { IngestTable, RowFormat } from './rows';
import type { GroupCommit } from './store/group-commit';
import { onceUnder, type WriteKey } from './store/idempotency';
import { type Batch, type Destination, keepBatches, writeBatch, writeBatches } from './store/write-batches';
import type { WriteResult } from './store/write-once';

/** The rows of a request. */
export interface WriteRequest {
  readonly format: RowFormat;
  /** Size of the body after decompression. */
  readonly bytes: number;
  /** Reads the rows; large bodies are read only when their turn has come. */
  readonly rows: () => Iterable<AddressedRow>;
  /** Names the write, so that it is stored once however often it is sent; asked when the rows have been read. */
  readonly key: () => WriteKey | undefined;
  /** The time of receipt, in milliseconds. */
  readonly receivedAt: number;
  /** The client drops what is refused. When the database rejects so many rows that nothing is stored, all of them are kept. */
  readonly keepsAll?: boolean;
}

/** Writes the rows of a request in one transaction; returns what became of those of each table. */
export type WriteRows = (request: FastifyRequest, write: WriteRequest) => Promise<readonly WriteResult[]>;

/** What writes work with. */
export interface WriteParts {
  /** Tables by public name. */
  readonly tables: ReadonlyMap<string, IngestTable>;
  readonly destination: Destination;
  /** Writes small bodies without a key; undefined when each write has a transaction of its own. */
  readonly group: GroupCommit | undefined;
}

/** Bodies of up to this size are read before they have a slot, and may share a transaction. */
const SMALL_BYTES = 16_384;

/** Creates the one writer of all doors. */
export function rowWriter({ tables, destination, group }: WriteParts): WriteRows {
  return async (request, { format, bytes, rows, key, receivedAt, keepsAll = false }) => {
    const { ticket } = request;
    if (!ticket) throw new ProblemError('bad-body', 'There is no body; send rows');
    const isKeeping = keepsAll && destination.keepsRejected;
    const read = async (): Promise<readonly Batch[]> => {
      const parts = await readRows(rows(), { now: receivedAt, keepsAll: isKeeping });
      return parts.map((part) => ({ ...part, format, requestId: request.id }));
    };
    let batches = bytes <= SMALL_BYTES ? await read() : undefined;
    const [first, ...others] = batches ?? [];
    const written =
      group && first && others.length === 0 && key() === undefined
        ? group.write(first, ticket).then((result) => [result])
        : ticket.run(async () => {
            batches ??= await read();
            return write(batches, key());
          });
    const results = await written.catch((error: unknown) => {
      if (!isKeeping || batches === undefined || !isRefusalOfAll(error)) throw error;
      return keepBatches(destination, batches, error, once(key()));
    });
    for (const { answer, replayed } of results) if (!replayed) count(request, answer);
    return results;
  };

  async function write(
    batches: readonly Batch[],
    key: WriteKey | undefined,
  ): Promise<readonly WriteResult[]> {
    const [first, ...others] = batches;
    return first && others.length === 0
      ? [await writeBatch(destination, first, once(key))]
      : writeBatches(destination, batches, once(key));
  }

  function count({ server }: FastifyRequest, { table, accepted, rejected }: WriteResult['answer']): void {
    // Clients choose the names of points, and each label is kept for ever.
    const label = { table: tables.has(table) ? table : 'none' };
    server.ingestCounters.accepted.inc(label, accepted);
    server.ingestCounters.rejected.inc(label, rejected);
  }
}

const once = (key: WriteKey | undefined) => key && onceUnder(key);

/** Whether the database has rejected so many rows that nothing of a body was stored. */
const isRefusalOfAll = (error: unknown): error is ProblemError =>
  error instanceof ProblemError && error.problem === 'rows-rejected';

/** The digest of everything that determines the rows of a write. */
export const aboutWrite = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('hex');
