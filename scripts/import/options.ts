// What an import is asked to do, and what it answers. Types and the names of choices only.
import type { ClientConfig } from 'pg';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import type { EngineName } from '../../db/model';
import type { RefreshResult } from '../../db/upkeep/refresh';

export const FORMATS = ['csv', 'ndjson'] as const;
export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export const TIME_FORMATS = ['iso', 'unix', 'unix-ms', 'unix-us', 'unix-ns'] as const;
export const DECIMALS = ['.', ','] as const;
export const ENCODINGS = ['utf-8', 'utf-16le', 'utf-16be', 'windows-1252', 'latin1'] as const;
export const REPEATED_TIMES = ['refuse', 'earlier', 'later'] as const;
/** The parts of a layout of times, for --help and messages. */
export const LAYOUT_TOKENS =
  'YYYY or YY, MM, M, MMM or MMMM, DD or D, HH or H, hh or h with A (AM or PM), mm, ss, S (fraction), Z (offset)';
export const CONFLICTS = ['fail', 'skip', 'update'] as const;

export type Format = (typeof FORMATS)[number];
export type Compression = (typeof COMPRESSIONS)[number];
export type NamedFormat = (typeof TIME_FORMATS)[number];
export type Encoding = (typeof ENCODINGS)[number];
/** What happens to a local time that the clocks showed twice. */
export type RepeatedTimes = (typeof REPEATED_TIMES)[number];
export type Decimal = (typeof DECIMALS)[number];

/** Tells the name of a time format from a layout such as `DD.MM.YYYY HH:mm`. */
export const isNamedFormat = (format: string): format is NamedFormat =>
  (TIME_FORMATS as readonly string[]).includes(format);
/** What happens to a row whose unique key is in the table already. */
export type OnConflict = (typeof CONFLICTS)[number];

/** Where a column's value comes from. */
export type ValueSource =
  | { readonly field: string }
  | { readonly constant: string }
  | { readonly melted: 'name' | 'value' };

/** Table column → source of its value. */
export type ColumnMapping = Readonly<Record<string, ValueSource>>;

/** Which fields of a wide file become rows. */
export interface Melt {
  /** Names of fields; `*` stands for any text. */
  readonly fields: readonly string[];
  /** Is left out of the names. */
  readonly prefix: string;
}

/** Where an import goes. */
export interface Destination {
  readonly connection: string | ClientConfig;
  readonly engine: EngineName;
  readonly desired: Desired;
}

export interface ImportOptions {
  /** Path, or `-` for standard input. */
  readonly file: string;
  readonly table: Hypertable;
  readonly mapping: ColumnMapping;
  readonly format: Format;
  readonly compression: Compression;
  /** Absent = as a byte order mark says, otherwise UTF-8. */
  readonly encoding?: Encoding;
  /** One ASCII character between the fields of CSV; absent = as the line `sep=;` of a spreadsheet says, otherwise a comma. */
  readonly delimiter?: string;
  /** What stands before the decimals of a number in CSV; absent = a point. */
  readonly decimal?: Decimal;
  /** Names of the fields of CSV without a header; absent = the first record names them. */
  readonly columns?: readonly string[];
  /** Fields of CSV that become rows of their own; the mapping says which columns get their names and their values. */
  readonly melt?: Melt;
  /** Format of the time column: a name or a layout. */
  readonly timeFormat: string;
  /** Formats of other columns with times or dates; those that are not named have ISO 8601. */
  readonly timeFormats?: Readonly<Record<string, string>>;
  /** Time zone of times without one, e.g. `UTC` or `Europe/Berlin`. */
  readonly zone: string;
  /** What happens to a time that the clocks of the zone showed twice; absent = it is refused. */
  readonly repeatedTimes?: RepeatedTimes;
  /** Added to each time: a PostgreSQL interval such as `15 years`; `0` = nothing. */
  readonly shift: string;
  /** Take rows that retention will drop at its next run. */
  readonly allowExpired?: boolean;
  /** Import what was imported before. */
  readonly again?: boolean;
  /** Name of the import; absent = a digest of the content and of how it is read. */
  readonly id?: string;
  /** Where refused rows are written. */
  readonly rejects: string;
  /** Most rows that may be refused; with more nothing is imported. */
  readonly maxRejects: number;
  readonly onConflict: OnConflict;
  readonly workers: number;
  /** Read, check and report; write nothing. */
  readonly dryRun?: boolean;
}

/** Options, with what the file says about how it is written. */
export interface ResolvedOptions extends ImportOptions {
  readonly encoding: Encoding;
  readonly delimiter: string;
}

/** A field of the file that fills no column. */
export interface IgnoredField {
  readonly field: string;
  /** Number of rows that have it. */
  readonly rows: number;
}

/** A row that was refused. */
export interface Refusal {
  /** 1-based physical line of the decompressed file on which the row starts. */
  readonly line: number;
  readonly reason: string;
  /** The row as it stands in the file. */
  readonly original: string;
}

export interface ImportReport {
  /** Name of the import in tsdb.import. */
  readonly id: string;
  /** SHA-256 of the content, decompressed and in UTF-8. */
  readonly content: string;
  /** Rows in the table by this import, those of earlier, interrupted runs included; in a dry run, rows that would be. */
  readonly rows: number;
  /** Rows that were there already (`--on-conflict skip`). */
  readonly skipped: number;
  readonly rejected: number;
  /** The file with the refused rows; null when there are none. */
  readonly rejects: string | null;
  /** Batches that an earlier run had finished, of `batches`. */
  readonly resumed: number;
  readonly batches: number;
  /** Bounds of the imported times, ISO 8601; null without rows. */
  readonly from: string | null;
  readonly to: string | null;
  readonly refreshed: readonly RefreshResult[];
  /** Fields of the file that fill no column. */
  readonly ignored: readonly IgnoredField[];
}

/** How far an import is. */
export interface Watcher {
  readonly signal?: AbortSignal;
  /** Rows of finished batches, of all rows. */
  readonly onLoaded?: (rows: number, total: number) => void;
  readonly onNote?: (text: string) => void;
}
