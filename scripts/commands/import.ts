// tsdb import: a file of rows into a hypertable.
import { UsageError } from '../../db/core/errors';
import type { Desired } from '../../db/language/desired';
import type { Hypertable } from '../../db/language/hypertable';
import { nameOf } from '../../db/language/names';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { readContext, requireConnection } from '../context';
import { importRows } from '../import/import';
import type { Compression, Format, ImportOptions, OnConflict, TimeFormat } from '../import/options';
import { importBar } from '../import/progress';
import { parseMapping } from '../import/read/mapping';
import { kindOf, STDIN } from '../import/read/source';
import { note, print, printJson } from '../output';
import { describeRefresh } from './refresh';

export interface ImportFlags {
  readonly table: string;
  readonly format?: Format;
  readonly compression?: Compression;
  readonly delimiter: string;
  readonly columns?: string;
  readonly map?: string;
  readonly set: readonly string[];
  readonly timeFormat: TimeFormat;
  readonly zone: string;
  readonly shift: string;
  readonly rejects?: string;
  readonly maxRejects: number;
  readonly onConflict: OnConflict;
  readonly workers: number;
  readonly id?: string;
  readonly dryRun?: boolean;
  readonly allowExpired?: boolean;
  readonly again?: boolean;
  readonly json?: boolean;
}

const SOME_REJECTED = 2;

/** Imports a file. Exit code 0; 2 when some rows were refused and are in the file of rejects. */
export async function importFile(file: string, flags: ImportFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const options = optionsOf(file, flags, find(desired, flags.table));
  const connection = requireConnection(config);
  const { engine } = await withConnection(connection, (db) => withRollback(db, () => readServer(db)));
  const bar = importBar();
  const started = Date.now();
  const report = await importRows({ connection, engine, desired }, options, {
    signal,
    onLoaded: bar.advance,
    onNote: note,
  }).finally(bar.stop);
  for (const result of report.refreshed) note(describeRefresh(result));
  if (report.resumed > 0) note(`${report.resumed} of ${report.batches} batches were in already`);
  if (report.rejects !== null) note(`${report.rejected} rows were refused; they are in ${report.rejects}`);
  note(`${Math.round(report.rows / Math.max(0.001, (Date.now() - started) / 1_000))} rows/s`);
  if (flags.json) printJson(report);
  else
    print(
      `${report.rows} rows ${options.dryRun ? 'would be imported' : 'imported'} into ${nameOf(options.table)}${report.from ? `, ${report.from} … ${report.to}` : ''}${report.skipped > 0 ? `; ${report.skipped} skipped, as their keys were there` : ''}`,
    );
  return report.rejected > 0 ? SOME_REJECTED : 0;
}

function optionsOf(file: string, flags: ImportFlags, table: Hypertable): ImportOptions {
  const kind = kindOf(file);
  const delimiter = flags.delimiter === '\\t' || flags.delimiter === 'tab' ? '\t' : flags.delimiter;
  if (!/^[\x20-\x7e\t]$/.test(delimiter) || /["a-z0-9.\\]/i.test(delimiter))
    throw new UsageError(
      `--delimiter ${JSON.stringify(flags.delimiter)}: give one ASCII character, no letter, digit, quote, point or backslash; "tab" for a tab`,
    );
  return {
    file,
    table,
    mapping: parseMapping(table, flags.map, flags.set),
    format: flags.format ?? kind.format,
    compression: flags.compression ?? kind.compression,
    delimiter,
    ...(flags.columns === undefined ? {} : { columns: flags.columns.split(',').map((name) => name.trim()) }),
    timeFormat: flags.timeFormat,
    zone: flags.zone,
    shift: flags.shift,
    allowExpired: flags.allowExpired === true,
    again: flags.again === true,
    ...(flags.id === undefined ? {} : { id: flags.id }),
    rejects: flags.rejects ?? `${file === STDIN ? 'stdin' : file}.rejects.ndjson`,
    maxRejects: flags.maxRejects,
    onConflict: flags.onConflict,
    workers: flags.workers,
    dryRun: flags.dryRun === true,
  };
}

function find(desired: Desired, name: string): Hypertable {
  const found = desired.hypertables.find((table) => nameOf(table) === name || table.name === name);
  if (found) return found;
  throw new UsageError(
    `${name} is not a declared hypertable; choose from ${desired.hypertables.map(nameOf).join(', ')}`,
  );
}
