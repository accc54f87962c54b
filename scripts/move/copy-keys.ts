// Carries single rows of plain tables: those whose keys were noted since the table was copied.
import { ident, literal } from '../../db/core/sql';
import { withTransaction } from '../../db/server/connection';
import { forget, pump, SNAPSHOT } from './copy-range';
import type { Moved, Pair } from './model';
import { SCHEMA } from './state';

/** Keys that are carried at once. */
const AT_ONCE = 2_000;

/** Carries the rows whose keys were noted, also those that are gone. Returns how many keys that were. */
export async function copyKeys(pair: Pair, moved: Moved): Promise<number> {
  let carried = 0;
  for (;;) {
    const keys = await copySome(pair, moved);
    carried += keys;
    if (keys < AT_ONCE) return carried;
  }
}

async function copySome({ source, target }: Pair, moved: Moved): Promise<number> {
  const changes = await withTransaction(
    source,
    async () => {
      const { rows } = await source.query<{ id: string; key: string }>(
        `SELECT id, row_key::text AS key FROM ${SCHEMA}.change WHERE relation = $1 AND kind = 'row' ORDER BY id LIMIT ${AT_ONCE}`,
        [moved.number],
      );
      if (rows.length === 0) return rows;
      const keys = [...new Set(rows.map(({ key }) => key))];
      await withTransaction(target, async () => {
        const condition = (relation: string): string =>
          `(${moved.key.map((name) => ident(name)).join(', ')}) IN (SELECT ${moved.key.map((name) => ident(name)).join(', ')} FROM jsonb_populate_recordset(NULL::${relation}, ${literal(`[${keys.join(',')}]`)}::jsonb))`;
        if (moved.isReferenced)
          await replaceReferenced(
            { source, target },
            moved,
            condition(moved.source),
            condition(moved.target),
          );
        else {
          await target.query(`DELETE FROM ${moved.target} WHERE ${condition(moved.target)}`);
          await pump({ source, target }, moved, condition(moved.source));
        }
      });
      return rows;
    },
    SNAPSHOT,
  );
  await forget(
    source,
    changes.map(({ id }) => id),
  );
  return changes.length;
}

// Deleting a row would also delete the rows that point at it.
async function replaceReferenced(
  { source, target }: Pair,
  moved: Moved,
  here: string,
  there: string,
): Promise<void> {
  const key = moved.key.map((name) => ident(name)).join(', ');
  const columns = moved.columns.map((name) => ident(name));
  await target.query(`CREATE TEMP TABLE arriving (LIKE ${moved.target}) ON COMMIT DROP`);
  await pump({ source, target }, { ...moved, target: 'pg_temp.arriving' }, here);
  await target.query(
    `DELETE FROM ${moved.target} WHERE ${there} AND (${key}) NOT IN (SELECT ${key} FROM pg_temp.arriving)`,
  );
  await target.query(
    `INSERT INTO ${moved.target} (${columns.join(', ')}) SELECT ${columns.join(', ')} FROM pg_temp.arriving
       ON CONFLICT (${key}) DO UPDATE SET ${columns.map((name) => `${name} = excluded.${name}`).join(', ')}`,
  );
}
