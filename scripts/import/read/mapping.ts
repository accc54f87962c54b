// Which fields of a file fill which columns of a declared table.
import { UsageError } from '../../../db/core/errors';
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import type { ColumnMapping, ImportOptions, ValueSource } from '../options';

/** Reads `time=date,temperature=temp` and `sensor_id=seattle`; names are checked against the table. */
export function parseMapping(
  table: Hypertable,
  map: string | undefined,
  set: readonly string[],
): ColumnMapping {
  const mapping: Record<string, ValueSource> = {};
  const faults: string[] = [];
  const add = (flag: string, pair: string, source: (value: string) => ValueSource): void => {
    const at = pair.indexOf('=');
    const column = pair.slice(0, at).trim();
    if (at < 1) faults.push(`${flag} ${pair}: write column=…`);
    else if (!(column in table.columns))
      faults.push(
        `${flag} ${pair}: ${table.name} has no column ${column} (it has ${table.columnNames.join(', ')})`,
      );
    else if (column in mapping) faults.push(`${flag} ${pair}: column ${column} is given twice`);
    else mapping[column] = source(pair.slice(at + 1));
  };
  for (const pair of map?.split(',') ?? []) add('--map', pair, (field) => ({ field: field.trim() }));
  for (const pair of set) add('--set', pair, (constant) => ({ constant }));
  if (faults.length > 0) throw new UsageError(faults.join('\n'));
  return mapping;
}

/** A column that a file fills, and where its value comes from. */
export interface FilledColumn {
  readonly name: string;
  readonly column: Column;
  readonly source: ValueSource;
  /** The field's name differs from the column's in case or in blanks around it. */
  readonly isFolded?: boolean;
}

/**
 * The table columns that a file fills, in table order. A column without a mapping takes the field of its own name; when there is
 * none, it takes the one field whose name differs only in case or in blanks around it.
 * @throws UsageError when the header lacks a field that the mapping names, when several fields fit a column, or when nothing
 * fills the time column.
 */
export function filledColumns(
  { file, table, mapping }: Pick<ImportOptions, 'file' | 'table' | 'mapping'>,
  header: readonly string[],
): readonly FilledColumn[] {
  const missing = Object.values(mapping).flatMap((source) =>
    'field' in source && !header.includes(source.field) ? [source.field] : [],
  );
  if (missing.length > 0)
    throw new UsageError(`${file} has no field ${missing.join(', ')}; its header is ${header.join(', ')}`);
  const filled = table.columnNames.flatMap((name): FilledColumn[] => {
    const column = columnOf(table, name);
    const source = mapping[name];
    if (source !== undefined) return [{ name, column, source }];
    if (header.includes(name)) return [{ name, column, source: { field: name } }];
    const [field, ...others] = header.filter((one) => one.trim().toLowerCase() === name.toLowerCase());
    if (others.length > 0)
      throw new UsageError(
        `${file} has the fields ${[field, ...others].map((one) => JSON.stringify(one)).join(' and ')}, and each could fill ${name}; say which one with --map ${name}=field`,
      );
    return field === undefined ? [] : [{ name, column, source: { field }, isFolded: true }];
  });
  if (filled.some(({ name }) => name === table.time)) return filled;
  throw new UsageError(
    `nothing fills the time column ${table.time} of ${table.name}; name its field, e.g. --map ${table.time}=${header[0] ?? 'field'} (the header is ${header.join(', ')})`,
  );
}

/** A column of a table, by its name. */
export const columnOf = (table: Hypertable, name: string): Column =>
  (table.columns as Readonly<Record<string, Column>>)[name] as Column;
