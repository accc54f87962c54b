// How the records of a file are found in its bytes, whatever its format is.

/** The result of a scan that does not find a whole record. */
export const INCOMPLETE = -1;

/** Finds one record after the other. Everything but `next` is about the last record. */
export interface RecordScanner {
  /**
   * Reads the record that starts at `from`.
   * @param atEnd no bytes follow these, so the last record needs no line break.
   * @returns where the next record starts, or INCOMPLETE.
   */
  next(bytes: Buffer, from: number, atEnd: boolean): number;
  /** The record is an empty line. */
  readonly blank: boolean;
  /** End of the record, without its line break. */
  readonly end: number;
  /** Number of line breaks in the record, including the one after it. */
  readonly lines: number;
  /** The line break after the record; empty at the end of the file. */
  readonly lineBreak: '\n' | '\r\n' | '';
  /** The bytes end inside quotes; set when the result is INCOMPLETE. */
  readonly openQuote: boolean;
}
