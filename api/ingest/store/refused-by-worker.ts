// Stores rows of which a worker of Citus refuses some: its COPY says neither with which code nor in which line.
import { ident, relation } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import type { Db } from '../../../db/model';
import { type RefusedRow, refusedRows } from '../../../db/server/refused-rows';
import { cellText } from '../read/cells';
import type { CheckedRow } from '../rows';
import { rowCopy, typesOf } from './row-copy';

/**
 * Copies the rows inside the transaction of `db`, in smaller and smaller parts, and yields those that the server refuses. A row
 * that is alone is inserted, because the error of that statement keeps its code: no row is refused for what is not its fault.
 * @param places places of the columns that the rows have.
 */
export function copyInParts(
  db: Db,
  table: Hypertable,
  places: readonly number[],
  rows: readonly CheckedRow[],
): AsyncGenerator<RefusedRow<CheckedRow>> {
  const types = typesOf(table);
  const names = places.map((place) => ident(table.columnNames[place] ?? ''));
  // One row of values: Citus would run INSERT … SELECT as COPY.
  const insert = `INSERT INTO ${relation(table)} (${names.join(', ')}) VALUES (${places.map((_, at) => `$${at + 1}`).join(', ')})`;
  return refusedRows(db, rows, async (part) => {
    const [row] = part;
    if (row !== undefined && part.length === 1) {
      const texts = places.map((place) => cellText(types[place] ?? '', row.cells[place]) ?? null);
      await db.query(insert, texts);
      return;
    }
    const copy = rowCopy(table, places);
    await copy.send(db, part);
    await copy.confirm(db, 'SELECT 1');
  });
}
