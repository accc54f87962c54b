// Cuts a stream of bytes into batches of whole records. The places of the cuts depend only on the bytes, never on how they arrive.
import { UsageError } from '../../../db/core/errors';
import { ByteWindow } from './byte-window';
import { INCOMPLETE, type RecordScanner } from './record-scanner';

/** How batches are cut. The ledger keeps it, because an import that was interrupted must go on with the same cuts. */
export const LAYOUT = '1 MiB, 20000 records';
const MOST_BYTES = 1024 * 1024;
const MOST_RECORDS = 20_000;
/** When a record is longer, somebody has probably forgotten to close a quote. */
const LONGEST_RECORD = 8 * 1024 * 1024;

/** Whole records. */
export interface Cut {
  readonly bytes: Buffer;
  /** Physical line that it starts on, from 1. */
  readonly line: number;
}

/** What to cut. */
export interface CutInput {
  readonly bytes: ByteWindow;
  readonly scanner: RecordScanner;
  /** The most rows that a record gives. */
  readonly width: number;
  /** Name of the file, for messages. */
  readonly file: string;
  /** Physical line that the bytes start on. */
  readonly line: number;
  /** Is called for each record, blank ones too, before the cut that it belongs to is yielded. */
  readonly onRecord: (bytes: Buffer) => void;
}

/**
 * Yields cuts; their bytes stay as they are until the next cut. Closes the bytes at the end.
 * @throws UsageError for a quote that is not closed, which may hide any number of rows.
 */
export async function* cutBatches(input: CutInput): AsyncGenerator<Cut> {
  const { bytes: window, scanner, onRecord } = input;
  const mostRecords = Math.max(1, Math.floor(MOST_RECORDS / input.width));
  let first = input.line;
  try {
    for (;;) {
      let want = MOST_BYTES;
      let bytes = await window.fill(want);
      if (bytes.length === 0) return;
      let [at, records, line] = [0, 0, first];
      while (records < mostRecords && at < bytes.length) {
        const next = scanner.next(bytes, at, window.atEnd);
        if (next === INCOMPLETE) {
          if (at > 0 && !window.atEnd) break;
          if (window.atEnd || bytes.length > LONGEST_RECORD) throw endless(input, line);
          want *= 2;
          bytes = await window.fill(want);
          continue;
        }
        // The batch ends here even when more bytes have arrived, so that a second run cuts in the same places.
        if (at > 0 && next > MOST_BYTES) break;
        onRecord(bytes);
        line += scanner.lines;
        records += 1;
        at = next;
      }
      yield { bytes: bytes.subarray(0, at), line: first };
      window.drop(at);
      first = line;
    }
  } finally {
    await window.close();
  }
}

function endless({ file, scanner }: CutInput, line: number): UsageError {
  const reason = scanner.openQuote
    ? 'a quote is opened and not closed, so it is unknown where rows end'
    : `the record is longer than ${LONGEST_RECORD} bytes; is this CSV, and is a quote left open?`;
  return new UsageError(`${file}, line ${line}: ${reason}; nothing was imported`);
}

/** Where a batch lies in its file. */
export interface Place {
  /** Number of bytes. */
  readonly length: number;
  /** Physical line that it starts on, from 1. */
  readonly line: number;
}

/** A batch with its bytes, which stay as they are until they are released. */
export interface Held<Batch> extends Cut {
  readonly batch: Batch;
  readonly release: () => void;
}

/** Cuts the bytes of a file a second time: skips its first bytes, and yields those of the batches that `wants` chooses. */
export async function* cutAgain<Batch extends Place>(
  chunks: AsyncIterable<Buffer>,
  skip: number,
  batches: readonly Batch[],
  wants: (batch: Batch) => boolean,
): AsyncGenerator<Held<Batch>> {
  const window = new ByteWindow(chunks);
  // Released buffers are used again, because dropped ones would use memory until they are collected.
  const free: Buffer[] = [];
  try {
    await window.fill(skip);
    window.drop(skip);
    for (const batch of batches) {
      const { length } = batch;
      const bytes = (await window.fill(length)).subarray(0, length);
      if (wants(batch)) {
        const store = length > MOST_BYTES ? undefined : (free.pop() ?? Buffer.allocUnsafeSlow(MOST_BYTES));
        const held = store?.subarray(0, bytes.copy(store)) ?? Buffer.from(bytes);
        yield { batch, line: batch.line, bytes: held, release: () => store && free.push(store) };
      }
      window.drop(length);
    }
  } finally {
    await window.close();
  }
}
