// The format of a file: the one that was asked for, else the one that its name means.
import { UsageError } from '../../db/core/errors';

export const EXPORT_FORMATS = ['csv', 'ndjson', 'parquet'] as const;
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The shape of a file. */
export interface FileShape {
  readonly format: ExportFormat;
  readonly gzip: boolean;
}

const ENDINGS: Readonly<Record<string, ExportFormat>> = {
  csv: 'csv',
  ndjson: 'ndjson',
  jsonl: 'ndjson',
  parquet: 'parquet',
};

/**
 * Reads the shape from the flags and the file's name: `.csv`, `.ndjson`, `.jsonl`, `.parquet`, each with `.gz` when compressed.
 * @param out file name; `-` = standard output, whose format must be asked for.
 * @throws UsageError when neither says the format, or for compressed Parquet.
 */
export function fileShape(out: string, format: ExportFormat | undefined, gzip: boolean): FileShape {
  const name = out.toLowerCase();
  const compressed = name.endsWith('.gz');
  const ending = /\.([a-z]+)$/.exec(compressed ? name.slice(0, -3) : name)?.[1] ?? '';
  const found = format ?? (Object.hasOwn(ENDINGS, ending) ? ENDINGS[ending] : undefined);
  if (found === undefined)
    throw new UsageError(
      `the name ${out} does not say the format; add --format ${EXPORT_FORMATS.join('|')}, or end the name with .csv, .ndjson or .parquet`,
    );
  if (found === 'parquet' && (gzip || compressed))
    throw new UsageError(
      'a Parquet file is compressed already, and readers do not accept it gzipped; leave out --gzip and the ending .gz',
    );
  return { format: found, gzip: gzip || compressed };
}
