// What every format gives: rows go in one at a time, bytes of the file come out.
import type { ExportColumn, TextRow } from './values';

/** Makes the bytes of one file of rows. */
export interface RowWriter {
  /** Takes the next row. */
  add(row: TextRow): void;
  /** The bytes that are ready and were not taken yet. */
  take(): readonly Uint8Array[];
  /** Ends the file: the bytes that `take` did not give. */
  finish(): readonly Uint8Array[];
}

/** Makes a writer for rows of these columns. */
export type OpenWriter = (columns: readonly ExportColumn[]) => RowWriter | Promise<RowWriter>;
