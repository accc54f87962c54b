// Requests about one numeric column over a range: moving averages, anomalies and summaries.
import type { SeriesTable } from '../../database/tables';
import type { RangeParameters } from '../../http/range';
import { currentInstant } from '../../http/time';
import type { Zone } from '../zones/zones';
import { type Field, parseKeys, parseNumericColumn } from './fields';
import { type Condition, parseFilters } from './filters';
import { type Range, resolveRange } from './ranges';

/** A numeric column of a table, per series and over a range. */
export interface ColumnRange {
  readonly table: SeriesTable;
  readonly column: string;
  readonly by: readonly string[];
  readonly filters: readonly Condition[];
  readonly range: Range;
}

/** A column over a range, as a client asked for it. */
export interface ColumnRequest extends ColumnRange {
  readonly field: Field;
  /** The instant that relative times count from. */
  readonly now: bigint;
  /** Most rows to read: one more than may be sent. */
  readonly limit: number;
}

/** The parameters as the client sent them. */
export interface ColumnParameters extends RangeParameters {
  readonly field: string;
  readonly by?: string;
  readonly where?: readonly string[];
}

/**
 * Reads the parameters.
 * @throws ProblemError (bad-field, bad-filter, bad-period, bad-time, bad-range).
 */
export function parseColumnRequest(
  table: SeriesTable,
  parameters: ColumnParameters,
  maxRows: number,
  zone?: Zone,
): ColumnRequest {
  const field = parseNumericColumn(table.hypertable, parameters.field);
  const by = parseKeys(table.hypertable, parameters.by);
  const filters = parseFilters(table.hypertable, parameters.where);
  const now = currentInstant();
  const range = resolveRange(parameters, now, zone);
  return { table, field, column: field.column, by, filters, range, limit: maxRows + 1, now };
}
