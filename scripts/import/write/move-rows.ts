// Moves rows from the temporary table into the target, as --on-conflict says.
import { UsageError } from '../../../db/core/errors';
import { ident, relation } from '../../../db/core/sql';
import { type RefusedRow, refusedRows } from '../../../db/server/refused-rows';
import { INCOMING, PLACE, type Session } from '../check/session';
import type { ImportOptions } from '../options';
import type { FilledColumn } from '../read/mapping';
import type { PlacedRow } from '../read/rows';

/** What became of staged rows. */
export interface Moved {
  /** Number of rows that are in the table. */
  readonly stored: number;
  readonly refused: readonly RefusedRow<PlacedRow>[];
}

/** Moves rows of the temporary table, inside a transaction: all at once, and in parts only when the table refuses some. */
export async function moveRows(session: Session, rows: readonly PlacedRow[]): Promise<Moved> {
  const { db, options } = session;
  const sql = moveQuery(session);
  let stored = 0;
  const refused: RefusedRow<PlacedRow>[] = [];
  const move = async (part: readonly PlacedRow[]): Promise<void> => {
    const { rowCount } = await db.query(sql, [options.shift, part[0]?.place, part.at(-1)?.place]);
    stored += rowCount ?? 0;
  };
  for await (const each of refusedRows(db, rows, move)) refused.push(each);
  return { stored, refused };
}

// $1 is the shift; $2 and $3 are the first and the last place.
function moveQuery({ options, source }: Session): string {
  const { table, onConflict } = options;
  const names = source.columns.map(({ name }) => name);
  const list = names.map((name) => ident(name)).join(', ');
  const values = source.columns.map((filled) => `${valueSql(options, filled)} AS ${ident(filled.name)}`);
  const place = ident(PLACE);
  const rows = `SELECT ${place}, ${values.join(', ')} FROM ${INCOMING} WHERE ${place} BETWEEN $2 AND $3`;
  const insert = (from: string, action = ''): string =>
    `INSERT INTO ${relation(table)} (${list}) SELECT ${list} FROM (${from}) r ORDER BY ${place} ${action}`;
  if (onConflict === 'fail') return insert(rows);
  if (onConflict === 'skip') return insert(rows, 'ON CONFLICT DO NOTHING');
  const keys = conflictKeys(options);
  const keyList = keys.map((key) => ident(key)).join(', ');
  // The last of several rows with the same key counts. Keys with a null never equal each other.
  const single = `CASE WHEN ${keys.map((key) => `${ident(key)} IS NULL`).join(' OR ')} THEN ${place} END`;
  const last = `SELECT DISTINCT ON (${keyList}, ${single}) * FROM (${rows}) r ORDER BY ${keyList}, ${single}, ${place} DESC`;
  const changes = names
    .filter((name) => !keys.includes(name))
    .map((name) => `${ident(name)} = excluded.${ident(name)}`);
  const action = changes.length === 0 ? 'DO NOTHING' : `DO UPDATE SET ${changes.join(', ')}`;
  return insert(last, `ON CONFLICT (${keyList}) ${action}`);
}

function valueSql({ table, format }: ImportOptions, { name, column: { defaultSql } }: FilledColumn): string {
  if (name === table.time) return `(${ident(name)} + $1::interval)`;
  return format === 'ndjson' && defaultSql !== undefined
    ? `coalesce(${ident(name)}, ${defaultSql})`
    : ident(name);
}

/**
 * The columns of the unique index that says which row is to be updated.
 * @throws UsageError when the table has no unique index, or several of them and --on-conflict is `update`.
 */
export function conflictKeys({
  table,
  onConflict,
}: Pick<ImportOptions, 'table' | 'onConflict'>): readonly string[] {
  const unique = table.indexes.filter((index) => index.unique && index.where === undefined);
  const [index] = unique;
  if (index === undefined)
    throw new UsageError(
      `--on-conflict ${onConflict} needs a unique index, and ${table.name} is declared without one`,
    );
  if (unique.length > 1 && onConflict === 'update')
    throw new UsageError(
      `--on-conflict update cannot know which row is meant: ${table.name} has ${unique.length} unique indexes; use --on-conflict skip`,
    );
  return index.keys.flatMap((key) => ('column' in key ? [key.column] : []));
}
