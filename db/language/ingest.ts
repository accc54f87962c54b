// How rows get into a hypertable over HTTP: which names of measurements and metrics it takes, which columns keep what has no
// column of its own, and what happens to a row whose key is there already. The database does not know any of this.
import { UsageError } from '../core/errors';
import type { Column } from './columns';

/** What a writer does with a row whose key is in the table already: keep the stored row, or fill in what the new row has. */
export const ON_CONFLICT = ['skip', 'update'] as const;
export type OnConflict = (typeof ON_CONFLICT)[number];

/** A key of the rows. It is declared as a unique index, and makes it harmless to send a row twice. */
export interface UniqueRows<C extends string = string> {
  /** The columns of the key, the time column among them. */
  readonly columns: readonly C[];
  readonly onConflict: OnConflict;
}

/** How points (measurements of line protocol, metrics of Prometheus and OpenTelemetry) become rows of a table. */
export interface Ingest<C extends string = string> {
  /** Names that the table takes besides its own; `*` takes every name that no other selected table takes. */
  readonly names?: '*' | readonly string[];
  /** The text column that keeps the name of the point. */
  readonly name?: C;
  /** The jsonb column that keeps tags (labels, attributes) without a column of their own. */
  readonly tags?: C;
  /** The jsonb column that keeps fields without a column of their own. It may be the one of the tags. */
  readonly fields?: C;
  /** The column that keeps the number of a field: then each field of a point is a row of its own. */
  readonly value?: C;
  /** With `value`: the text column that keeps the fields that are no numbers. */
  readonly text?: C;
}

/**
 * Checks the columns of a key. A row with a null in its key never equals another one, so it would be stored again and again.
 * @throws UsageError that names the table and the column.
 */
export function checkUnique(
  table: string,
  columns: Readonly<Record<string, Column>>,
  { time, unique }: { readonly time: string; readonly unique?: UniqueRows | undefined },
): void {
  if (unique === undefined) return;
  if (!unique.columns.includes(time))
    throw new UsageError(`${table}: unique.columns must contain the time column "${time}"`);
  const nullable = unique.columns.find((name) => columns[name]?.nullable !== false);
  if (nullable !== undefined)
    throw new UsageError(`${table}: unique.columns: "${nullable}" may be null; declare it .notNull()`);
}

/**
 * Checks the columns of an ingest declaration.
 * @throws UsageError that names the table and the column.
 */
export function checkIngest(
  table: string,
  columns: Readonly<Record<string, Column>>,
  ingest: Ingest | undefined,
): void {
  if (ingest === undefined) return;
  const fault = (rule: string): UsageError => new UsageError(`${table}: ingest.${rule}`);
  const types = { name: 'text', tags: 'jsonb', fields: 'jsonb', value: 'double precision', text: 'text' };
  for (const [role, type] of Object.entries(types)) {
    const column = ingest[role as keyof typeof types];
    if (column !== undefined && columns[column]?.type !== type)
      throw fault(`${role} must name a column of type ${type}, and "${column}" is none`);
  }
  const { value, text, fields, name } = ingest;
  if (text !== undefined && value === undefined)
    throw fault('text needs ingest.value: only then is each field a row of its own');
  if (value !== undefined && fields !== undefined)
    throw fault('fields and ingest.value exclude each other: with a value, each field is a row of its own');
  if (value !== undefined && name === undefined)
    throw fault('value needs ingest.name, because the name of each field must be kept');
}
