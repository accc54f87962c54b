// What the formats have in common: how a record becomes a row of COPY texts, one for each filled column.
import { faultOfJsonText } from '../../../api/database/converters';
import { faultOfNumberText } from '../../../db/core/number-limits';
import type { Column } from '../../../db/language/columns';
import { faultOfSeriesKey, seriesKeys } from '../../../db/language/series-keys';
import type { IgnoredField, ImportOptions } from '../options';
import type { FilledColumn } from './mapping';
import type { Cell } from './melt';
import { numberReader } from './numbers';
import type { RecordScanner } from './record-scanner';
import { timeReader } from './times';

/** The values of a row, or why the row has none. */
export type Texts = Values | { readonly reason: string };

export interface Values {
  readonly texts: readonly (string | null)[];
  /** The texts are not those of the file, so the server cannot read the file's bytes in their place. */
  readonly converted: boolean;
}

/** Reads the rows of a file. */
export interface RowSource {
  /** Finds the records. The other members are about the last record that it found. */
  readonly scanner: RecordScanner;
  /** The table columns that the file fills. */
  readonly columns: readonly FilledColumn[];
  /** The columns in the order of the file's fields, when the server can read the file's bytes as they are. */
  readonly rawColumns: readonly FilledColumn[] | undefined;
  /** Microseconds since 1970 of the record's time when the record is certainly valid as it is, otherwise NaN. */
  certainTime(bytes: Buffer): number;
  /** Some certain times since the last call are local ones, which the server must get in UTC. */
  hadLocalTimes(): boolean;
  /** The most rows that a record gives: one, or with --melt one for each melted field. */
  readonly width: number;
  /** With --melt: the fields of the record that become rows, which are those that are not empty. Absent = a record is a row. */
  cells?(): readonly (Cell | undefined)[];
  /** The values of the record that starts at `from`, or of the row that one of its cells becomes. */
  texts(bytes: Buffer, from: number, cell?: Cell): Texts;
  /** The fields that fill no column. `rows` is the number of rows of the file; NDJSON has counted the rows that were read. */
  ignored(rows: number): readonly IgnoredField[];
}

export const NOT_UTF8 = {
  reason: 'the row is not UTF-8; name the encoding of the file, e.g. --encoding windows-1252',
} as const;

/** Whether a shift moves nothing. */
export const isZero = (shift: string): boolean => shift.trim() === '0';

/** Whether each row must give the column a value. A JSON object may leave out a member whose column has a default. */
export const isRequired = ({ nullable, defaultSql }: Column): boolean =>
  !nullable && defaultSql === undefined;

/** Makes the last step of reading a row: it converts values that the server would read in another way, or not at all. */
export function rowFinisher(
  options: ImportOptions,
  columns: readonly FilledColumn[],
): (texts: (string | null)[]) => Texts {
  const readers = columns.flatMap(({ name, column: { type } }, at) => {
    const read = timeReader(options, { name, type }) ?? numberReader(options, { name, type });
    return read === undefined ? [] : [{ at, read }];
  });
  const keys = seriesKeys(options.table);
  const faultOf = ({ name, column: { type } }: FilledColumn, text: string): string | undefined => {
    if (keys.has(name)) return faultOfSeriesKey(text);
    return type === 'jsonb' ? faultOfJsonText(text) : faultOfNumberText(type, text);
  };
  return (texts) => {
    let converted = false;
    for (const { at, read } of readers) {
      const written = texts[at];
      if (written === null || written === undefined) continue;
      const text = read(written);
      if (typeof text !== 'string') return text;
      converted ||= text !== written;
      texts[at] = text;
    }
    if (texts.some((text) => text?.includes('\0')))
      return { reason: 'the row holds the character NUL, which PostgreSQL cannot keep' };
    // The server would find an empty column too, but it needs one statement for each such row.
    const empty = columns.find(({ column }, at) => texts[at] === null && isRequired(column));
    if (empty) return { reason: `null value in column "${empty.name}" violates not-null constraint` };
    for (const [at, filled] of columns.entries()) {
      const text = texts[at];
      const reason = typeof text === 'string' ? faultOf(filled, text) : undefined;
      if (reason !== undefined) return { reason: `${filled.name} ${reason}` };
    }
    return { texts, converted };
  };
}
