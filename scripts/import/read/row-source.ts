// What the formats have in common: how a record becomes a row of COPY texts, one for each filled column.
import { faultOfJsonText } from '../../../api/database/converters';
import { faultOfNumberText } from '../../../db/core/number-limits';
import type { Column } from '../../../db/language/columns';
import { faultOfSeriesKey, seriesKeys } from '../../../db/language/series-keys';
import type { ImportOptions } from '../options';
import { unixTime } from './certain-values';
import type { FilledColumn } from './mapping';
import type { RecordScanner } from './record-scanner';

/** The values of a row, or why the row has none. */
export type Texts = readonly (string | null)[] | { readonly reason: string };

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
  /** The values of the record that starts at `from`. */
  texts(bytes: Buffer, from: number): Texts;
}

export const NOT_UTF8 = { reason: 'the row is not UTF-8' } as const;

/** Whether a shift moves nothing. */
export const isZero = (shift: string): boolean => shift.trim() === '0';

/** Whether each row must give the column a value. A JSON object may leave out a member whose column has a default. */
export const isRequired = ({ nullable, defaultSql }: Column): boolean =>
  !nullable && defaultSql === undefined;

/** Makes the last step of reading a row: it converts the time of `--time-format` and refuses values that no column takes. */
export function rowFinisher(
  { table, timeFormat }: ImportOptions,
  columns: readonly FilledColumn[],
): (texts: (string | null)[]) => Texts {
  const timeAt = columns.findIndex(({ name }) => name === table.time);
  const keys = seriesKeys(table);
  const faultOf = ({ name, column: { type } }: FilledColumn, text: string): string | undefined => {
    if (keys.has(name)) return faultOfSeriesKey(text);
    return type === 'jsonb' ? faultOfJsonText(text) : faultOfNumberText(type, text);
  };
  return (texts) => {
    const written = texts[timeAt];
    if (timeFormat !== 'iso' && written !== null && written !== undefined) {
      const time = unixTime(written, timeFormat);
      if (time === undefined)
        return {
          reason: `${table.time} is not a number of --time-format ${timeFormat}: ${JSON.stringify(written.slice(0, 60))}`,
        };
      texts[timeAt] = time;
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
    return texts;
  };
}
