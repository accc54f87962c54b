// What an import is asked to do, and what it answers. Types and the names of choices only.
import type { ClientConfig } from 'pg';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import type { EngineName } from '../../db/model';
import type { RefreshResult } from '../../db/upkeep/refresh';

export const FORMATS = ['csv', 'ndjson'] as const;
export const COMPRESSIONS = ['none', 'gzip', 'zstd'] as const;
export const TIME_FORMATS = ['iso', 'unix', 'unix-ms', 'unix-us', 'unix-ns'] as const;
export const CONFLICTS = ['fail', 'skip', 'update'] as const;

export type Format = (typeof FORMATS)[number];
export type Compression = (typeof COMPRESSIONS)[number];
export type TimeFormat = (typeof TIME_FORMATS)[number];
/** What happens to a row whose unique key is in the table already. */
export type OnConflict = (typeof CONFLICTS)[number];

/** Where a column's value comes from. */
export type ValueSource = { readonly field: string } | { readonly constant: string };

/** Table column → source of its value. */
export type ColumnMapping = Readonly<Record<string, ValueSource>>;

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
  /** One ASCII character between the fields of CSV. */
  readonly delimiter: string;
  /** Names of the fields of CSV without a header; absent = the first record names them. */
  readonly columns?: readonly string[];
  readonly timeFormat: TimeFormat;
  /** Time zone of times without one, e.g. `UTC` or `Europe/Berlin`. */
  readonly zone: string;
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
  /** SHA-256 of the decompressed content. */
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
}

/** How far an import is. */
export interface Watcher {
  readonly signal?: AbortSignal;
  /** Rows of finished batches, of all rows. */
  readonly onLoaded?: (rows: number, total: number) => void;
  readonly onNote?: (text: string) => void;
}
