// Guesses which field of a file fills which column of the table, where the names do not say it themselves.
import type { ImportOptions, ValueSource } from '../options';
import { columnOf } from '../read/mapping';
import { isRequired } from '../read/row-source';
import { TIMESTAMPTZ } from '../read/times';
import { TimeGuess } from './guess-times';

/** A field with the texts that were seen in it. */
export interface SeenField {
  readonly name: string;
  readonly texts: readonly string[];
}

export interface MappingGuess {
  /** Column → field, for columns that no field is named like. */
  readonly added: Readonly<Record<string, ValueSource>>;
  /** Columns that must have a value and get none. */
  readonly bare: readonly string[];
}

/** Proposes a field for each column that has none, when exactly one field fits. */
export function guessMapping(options: ImportOptions, fields: readonly SeenField[]): MappingGuess {
  const { table, mapping, format } = options;
  const names = fields.map(({ name }) => name);
  // The names of members are taken as they are.
  const sameName = (name: string): string | undefined =>
    names.find((field) => field === name) ??
    (format === 'csv'
      ? only(names.filter((field) => field.trim().toLowerCase() === name.toLowerCase()))
      : undefined);
  const fieldOf = (name: string): string | undefined => {
    const source = mapping[name];
    return source === undefined ? sameName(name) : 'field' in source ? source.field : undefined;
  };
  const taken = new Set(table.columnNames.map(fieldOf));
  const added: Record<string, ValueSource> = {};
  for (const name of table.columnNames) {
    if (name in mapping || sameName(name) !== undefined) continue;
    const free = fields.filter((field) => field.name.trim() !== '' && !taken.has(field.name));
    const like = free.filter((field) => bare(field.name) === bare(name));
    const found =
      only(like) ??
      (name === table.time ? only(free.filter((field) => isTimeField(options, field))) : undefined);
    // A comma would end the pair of --map, and control characters do not belong on a terminal.
    if (found === undefined || /[,\p{Cc}]/u.test(found.name)) continue;
    added[name] = { field: found.name };
    taken.add(found.name);
  }
  const filled = (name: string): boolean => name in mapping || name in added || sameName(name) !== undefined;
  const missing = table.columnNames.filter(
    (name) => !filled(name) && (isRequired(columnOf(table, name)) || name === table.time),
  );
  return { added, bare: missing };
}

const only = <T>(found: readonly T[]): T | undefined => (found.length === 1 ? found[0] : undefined);

const bare = (name: string): string =>
  name
    .normalize('NFKD')
    .toLowerCase()
    .replace(/[^a-z0-9]/g, '');

function isTimeField(options: ImportOptions, { texts }: SeenField): boolean {
  const guess = new TimeGuess(options, { name: options.table.time, type: TIMESTAMPTZ });
  for (const text of texts) guess.add(text);
  return guess.readings().length > 0;
}
