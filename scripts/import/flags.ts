// Turns the flags of `tsdb import` into the options of an import, and options into the flags that ask for them.
import { UsageError } from '../../db/core/errors';
import type { Hypertable } from '../../db/language/hypertable';
import { type ImportOptions, isNamedFormat } from './options';
import { columnOf, parseMapping } from './read/mapping';
import { kindOf, STDIN } from './read/source';
import { layoutReader } from './read/time-layout';
import { isTimeType } from './read/times';

type Given = 'zone' | 'shift' | 'maxRejects' | 'onConflict' | 'workers';
type Optional =
  | 'format'
  | 'compression'
  | 'encoding'
  | 'delimiter'
  | 'decimal'
  | 'repeatedTimes'
  | 'rejects'
  | 'id'
  | 'dryRun'
  | 'allowExpired'
  | 'again';

/** Flags that are options of an import as they are, and those that are read here. */
export interface ImportFlags extends Pick<ImportOptions, Given>, Partial<Pick<ImportOptions, Optional>> {
  readonly table: string;
  readonly columns?: string;
  readonly map?: string;
  readonly set: readonly string[];
  readonly timeFormat: readonly string[];
  readonly melt?: string;
  readonly meltName?: string;
  readonly meltValue?: string;
  readonly meltPrefix?: string;
  readonly preview?: boolean;
  readonly json?: boolean;
}

/** @throws UsageError for flags that mean nothing, or that contradict each other. */
export function optionsOf(file: string, flags: ImportFlags, table: Hypertable): ImportOptions {
  const { columns, map, set, timeFormat, melt, meltName, meltValue, meltPrefix, json, preview, ...options } =
    flags;
  const kind = { ...kindOf(file), ...options };
  if (kind.format === 'ndjson') requireCsv(flags);
  return {
    ...kind,
    rejects: options.rejects ?? `${file === STDIN ? 'stdin' : file}.rejects.ndjson`,
    file,
    table,
    ...(flags.delimiter === undefined ? {} : { delimiter: delimiterOf(flags.delimiter) }),
    mapping: { ...parseMapping(table, map, set), ...meltMapping(flags, table) },
    ...(melt === undefined ? {} : { melt: { fields: listOf(melt).toSorted(), prefix: meltPrefix ?? '' } }),
    ...timeFormatsOf(timeFormat, table),
    ...(columns === undefined ? {} : { columns: listOf(columns) }),
  };
}

const listOf = (names: string): readonly string[] => names.split(',').map((name) => name.trim());

/** Flags that say how CSV is written. */
const CSV_FLAGS = ['delimiter', 'decimal', 'columns', 'melt'] as const;

function requireCsv(flags: ImportFlags): void {
  const given = CSV_FLAGS.filter((name) => flags[name] !== undefined);
  if (given.length > 0)
    throw new UsageError(
      `--${given.join(', --')}: these flags are about CSV, and the file is read as NDJSON`,
    );
}

function delimiterOf(given: string): string {
  const delimiter = given === '\\t' || given === 'tab' ? '\t' : given;
  if (/^[\x20-\x7e\t]$/.test(delimiter) && !/["a-z0-9.\\]/i.test(delimiter)) return delimiter;
  throw new UsageError(
    `--delimiter ${JSON.stringify(given)}: give one ASCII character, no letter, digit, quote, point or backslash; "tab" for a tab`,
  );
}

function meltMapping(
  { melt, meltName, meltValue, meltPrefix, map, set }: ImportFlags,
  table: Hypertable,
): ImportOptions['mapping'] {
  if (melt === undefined) {
    if ((meltName ?? meltValue ?? meltPrefix) === undefined) return {};
    throw new UsageError('--melt-name, --melt-value and --melt-prefix need --melt, which names the fields');
  }
  if (meltName === undefined || meltValue === undefined)
    throw new UsageError(
      '--melt needs --melt-name, the column for the names of the fields, and --melt-value, the column for their values',
    );
  // The faults of these names are those of --map, and a column is given to one field only.
  const all = parseMapping(table, map, [...set, `${meltName}=`, `${meltValue}=`]);
  const [name, value] = [meltName.trim(), meltValue.trim()];
  return Object.fromEntries(
    Object.keys(all).flatMap((column) =>
      column === name || column === value
        ? [[column, { melted: column === name ? ('name' as const) : ('value' as const) }]]
        : [],
    ),
  );
}

function timeFormatsOf(
  given: readonly string[],
  table: Hypertable,
): Pick<ImportOptions, 'timeFormat' | 'timeFormats'> {
  const formats = new Map<string, string>();
  for (const text of given) {
    const [, column = table.time, format = text] = /^(\w+)=(.*)$/.exec(text) ?? [];
    if (!isNamedFormat(format)) layoutReader(format);
    if (!timeColumns(table).includes(column))
      throw new UsageError(
        `--time-format ${text}: ${table.name} has no column ${column} of times or dates (it has ${timeColumns(table).join(', ')})`,
      );
    if (formats.has(column)) throw new UsageError(`--time-format ${text}: column ${column} is given twice`);
    formats.set(column, format);
  }
  const others = [...formats].filter(([column]) => column !== table.time).sort();
  return {
    timeFormat: formats.get(table.time) ?? 'iso',
    ...(others.length === 0 ? {} : { timeFormats: Object.fromEntries(others) }),
  };
}

const timeColumns = (table: Hypertable): readonly string[] =>
  table.columnNames.filter((name) => isTimeType(columnOf(table, name).type));

const WORD = /^[\w@%+=:,./-]+$/;

/** A text as a word of a shell. */
const word = (text: string): string => (WORD.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`);

/** The flags that ask for these options, as people type them; those with their default are left out. */
export function flagsOf(options: ImportOptions): string {
  const { table, mapping, melt, timeFormat, timeFormats = {} } = options;
  const given: [string, string | undefined][] = [
    ['--table', table.schema === 'public' ? table.name : `${table.schema}.${table.name}`],
    ['--format', options.format === kindOf(options.file).format ? undefined : options.format],
    [
      '--compression',
      options.compression === kindOf(options.file).compression ? undefined : options.compression,
    ],
    ['--encoding', options.encoding],
    ['--delimiter', options.delimiter === '\t' ? 'tab' : options.delimiter],
    ['--decimal', options.decimal],
    ['--columns', options.columns?.join(',')],
    ['--map', pairsOf(mapping)],
    ...constantsOf(mapping).map((pair): [string, string] => ['--set', pair]),
    ['--melt', melt?.fields.join(',')],
    ['--melt-name', melt && meltedColumn(mapping, 'name')],
    ['--melt-value', melt && meltedColumn(mapping, 'value')],
    ['--melt-prefix', melt?.prefix || undefined],
    ['--time-format', timeFormat === 'iso' ? undefined : timeFormat],
    ...Object.entries(timeFormats).map(([column, format]): [string, string] => [
      '--time-format',
      `${column}=${format}`,
    ]),
    ['--zone', options.zone === 'UTC' ? undefined : options.zone],
    ['--repeated-times', options.repeatedTimes],
    ['--shift', options.shift === '0' ? undefined : options.shift],
    ['--max-rejects', options.maxRejects === 0 ? undefined : String(options.maxRejects)],
    ['--on-conflict', options.onConflict === 'fail' ? undefined : options.onConflict],
  ];
  const words = given.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${word(value)}`]));
  return [word(options.file), ...words, ...(options.allowExpired ? ['--allow-expired'] : [])].join(' ');
}

function pairsOf(mapping: ImportOptions['mapping']): string | undefined {
  const pairs = Object.entries(mapping).flatMap(([column, source]) =>
    'field' in source ? [`${column}=${source.field}`] : [],
  );
  return pairs.length === 0 ? undefined : pairs.join(',');
}

const constantsOf = (mapping: ImportOptions['mapping']): readonly string[] =>
  Object.entries(mapping).flatMap(([column, source]) =>
    'constant' in source ? [`${column}=${source.constant}`] : [],
  );

const meltedColumn = (mapping: ImportOptions['mapping'], part: 'name' | 'value'): string | undefined =>
  Object.entries(mapping).find(([, source]) => 'melted' in source && source.melted === part)?.[0];
