// One numeric column over a range: what moving averages, anomalies and summaries are asked about.
import { query } from '../../database/query';
import type { Statement } from '../../database/statement';
import type { SeriesTable } from '../../database/tables';
import type { RouteParts } from '../../parts';
import { timeText } from '../calendar';
import type { Row } from '../queries/fill';
import { checkSize, shownField } from '../routes/context';
import { answerColumns, type Field, parseKeys, parseNumericColumn } from './fields';
import { type Filter, parseFilters } from './filters';
import { currentInstant, type Range, type RangeParameters, resolveRange } from './ranges';

/** A numeric column of a table, per series and over a range. */
export interface Track {
  readonly table: SeriesTable;
  readonly column: string;
  readonly by: readonly string[];
  readonly filters: readonly Filter[];
  readonly range: Range;
  /** Most rows; one more than may be sent. */
  readonly limit: number;
}

/** A track as it was asked for. */
export interface AskedTrack extends Track {
  readonly field: Field;
  /** The instant that relative times count from. */
  readonly now: bigint;
  /** Names of the answer's columns. */
  readonly columns: readonly string[];
}

/** The parameters of a track. */
export interface TrackParameters extends RangeParameters {
  readonly field: string;
  readonly by?: string;
  readonly where?: readonly string[];
}

/**
 * Reads the parameters.
 * @param columnsFor names of the answer's columns, given the keys.
 * @throws ProblemError (bad-field, bad-filter, bad-period, bad-time, bad-range).
 */
export function askedTrack(
  table: SeriesTable,
  parameters: TrackParameters,
  columnsFor: (by: readonly string[]) => readonly string[],
  maxRows: number,
): AskedTrack {
  const field = parseNumericColumn(table.hypertable, parameters.field);
  const by = parseKeys(table.hypertable, parameters.by);
  const filters = parseFilters(table.hypertable, parameters.where);
  const now = currentInstant();
  const range = resolveRange(parameters, now);
  const columns = answerColumns(...columnsFor(by));
  return { table, field, column: field.column, by, filters, range, limit: maxRows + 1, now, columns };
}

/**
 * The rows of a query about a track.
 * @throws ProblemError (too-many-rows).
 */
export async function trackRows(
  { database, config }: Pick<RouteParts, 'database' | 'config'>,
  { sql, values }: Statement,
): Promise<readonly Row[]> {
  const rows = await query<Row>(database.reader, sql, values);
  checkSize(rows.length, config.maxRows, 'a shorter period, or fewer series with where');
  return rows;
}

/** What every answer about a track says of it. */
export const shownTrack = ({ table, field, by, range }: AskedTrack) => ({
  table: table.name,
  source: table.name,
  from: timeText(range.from),
  to: timeText(range.to),
  field: shownField(field),
  by,
});
