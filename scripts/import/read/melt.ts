// Wide files: several fields of a record hold values of one column, each of another series. Such a record becomes several rows.
import { UsageError } from '../../../db/core/errors';
import type { ImportOptions } from '../options';

/** A field whose value becomes a row of its own. */
export interface Cell {
  readonly field: string;
  /** Place of the field in the record. */
  readonly at: number;
  /** What the row says about the field: its name without the prefix. */
  readonly name: string;
}

/** A record that gives one row, as it does without --melt. */
export const WHOLE_RECORD = [undefined] as const;

/**
 * The fields that the patterns of --melt name; undefined without --melt.
 * @throws UsageError when a pattern fits no field, or when the names that remain are not different from each other.
 */
export function meltedFields(
  { file, melt, mapping }: Pick<ImportOptions, 'file' | 'melt' | 'mapping'>,
  header: readonly string[],
): readonly Cell[] | undefined {
  if (melt === undefined) return undefined;
  const { fields, prefix } = melt;
  const patterns = fields.map((text) => ({ text, regex: patternOf(text) }));
  const unused = patterns.filter(({ regex }) => !header.some((field) => regex.test(field)));
  if (unused.length > 0)
    throw new UsageError(
      `--melt ${unused.map(({ text }) => text).join(',')} fits no field of ${file}; its header is ${header.join(', ')}`,
    );
  const cells = header.flatMap((field, at) =>
    patterns.some(({ regex }) => regex.test(field)) ? [{ field, at, name: nameOf(field, prefix) }] : [],
  );
  const mapped = cells.find(({ field }) =>
    Object.values(mapping).some((source) => 'field' in source && source.field === field),
  );
  if (mapped) throw new UsageError(`--melt takes the field ${mapped.field}, which --map gives to a column`);
  const names = cells.map(({ name }) => name);
  const twice = names.find((name, at) => names.indexOf(name) !== at);
  if (twice !== undefined)
    throw new UsageError(
      `${file} has two fields that become ${JSON.stringify(twice)}, so their rows could not be told apart; rename one of them`,
    );
  return cells;
}

function nameOf(field: string, prefix: string): string {
  if (field.startsWith(prefix) && field.length > prefix.length) return field.slice(prefix.length).trim();
  throw new UsageError(
    `--melt takes the field ${JSON.stringify(field)}, which does not begin with --melt-prefix ${prefix} or has nothing after it`,
  );
}

/** What a pattern of --melt stands for. */
export const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replace(/[\\^$.+?()[\]{}|/-]/g, '\\$&'))
      .join('.*')}$`,
  );
