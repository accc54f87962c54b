// What every route of a series needs: its table, its source's freshness, and the refusal of answers that are too large.
import type { Relation } from '../../../db/language/aggregate';
import { nameOf } from '../../../db/language/names';
import type { SeriesTable } from '../../database/tables';
import { ProblemError } from '../../http/problems';
import type { RouteParts } from '../../parts';
import type { Field } from '../request/fields';

/**
 * The declared table of that public name.
 * @throws ProblemError (unknown-table) that names all of them.
 */
export function tableNamed({ tables }: Pick<RouteParts, 'tables'>, name: string): SeriesTable {
  const table = tables.get(name);
  if (table !== undefined) return table;
  throw new ProblemError(
    'unknown-table',
    `There is no table ${JSON.stringify(name.slice(0, 80))}; the tables are ${[...tables.keys()].join(', ')}`,
  );
}

/** How fresh an aggregate is; null for a hypertable, which always is. */
export async function freshnessOf(
  { freshness }: Pick<RouteParts, 'freshness'>,
  relation: Relation,
): Promise<{ readonly watermark: string | null; readonly real_time: boolean } | null> {
  if (relation.kind === 'hypertable') return null;
  const watermark = (await freshness.watermarks()).get(nameOf(relation)) ?? null;
  return { watermark, real_time: relation.realTime };
}

/**
 * Checks that an answer read with one row more than allowed is complete.
 * @param wayOut how to ask for less.
 * @throws ProblemError (too-many-rows).
 */
export function checkSize(count: number, maxRows: number, wayOut: string): void {
  if (count > maxRows)
    throw new ProblemError(
      'too-many-rows',
      `These are more than the ${maxRows} rows that this server sends at once; ask for ${wayOut}`,
    );
}

/** A field as answers show it. */
export const shownField = ({ name, of, unit }: Field) => ({ name, of, unit });
