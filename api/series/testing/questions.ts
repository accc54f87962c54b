// Questions about the declared tables, for tests of the planner.
import { desiredFrom } from '../../../db/language/desired';
import { schemaSets } from '../../../db/schema/sets';
import { type SeriesTable, seriesTables } from '../../database/tables';
import { parseWidth } from '../../http/durations';
import { instantOf } from '../../http/time';
import { planBuckets } from '../plan/planner';
import type { Question } from '../plan/sources';
import { parseFields, parseKeys } from '../request/fields';
import { boundColumns, filteredColumns, parseFilters } from '../request/filters';
import { resolveRange } from '../request/ranges';

const tables = seriesTables(desiredFrom(Object.values(schemaSets)));
/** The present of the questions. */
export const now = instantOf('2026-11-20T11:11:24.5Z');

/** A question as a client writes it. */
export interface Asked {
  readonly field: string;
  readonly by?: string;
  readonly where?: readonly string[];
}

/** The question as the planner takes it. */
export function questionOf(table: SeriesTable, { field, by, where }: Asked): Question {
  const filters = parseFilters(table.hypertable, where);
  return {
    table,
    figures: parseFields(table.hypertable, field).flatMap(({ figure }) => figure ?? []),
    by: parseKeys(table.hypertable, by),
    filtered: filteredColumns(filters),
    bound: boundColumns(filters),
  };
}

/** A declared table of any set. */
export const tableOf = (name: string): SeriesTable => {
  const table = tables.get(name);
  if (!table) throw new Error(`no table ${name}`);
  return table;
};

/** The plan for a question in buckets, up to now. */
export function plan(table: SeriesTable, asked: Asked, bucket: string, period = '1d') {
  return planBuckets(
    questionOf(table, asked),
    parseWidth('bucket', bucket),
    resolveRange({ period }, now),
    now,
  );
}
