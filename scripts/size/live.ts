// Reads what rows of a table take in the connected database, which no declaration can tell as well.
import type { Client } from 'pg';
import type { Hypertable } from '../../db/language/hypertable';
import { nameOf } from '../../db/language/names';
import { withTransaction } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { readTableSizes } from '../../db/server/table-size';
import { each, type Range } from './range';
import type { SizedTable } from './workload';

/** Fewer rows are mostly pages that are not full yet. */
const LEAST_ROWS = 10_000;

/** What was found: the same table with the bytes of its stored rows, or why they could not be told. */
export interface LiveTable {
  readonly table: SizedTable;
  readonly note: string;
}

/** Replaces the computed bytes by those of the stored rows. The number of rows is the estimate of the planner. */
export async function liveTable(db: Client, declared: Hypertable, table: SizedTable): Promise<LiveTable> {
  const { engine } = await withTransaction(db, () => readServer(db));
  const size = (await readTableSizes(db, engine, [declared])).get(nameOf(declared));
  const { rows = 0, bytes = 0, compressed = { rows: 0, bytes: 0 } } = size ?? {};
  const asRows = rows - compressed.rows;
  // What columnar tables of Citus take says nothing about TimescaleDB, for which this figure is.
  const isConverted = engine === 'timescaledb' && compressed.rows >= LEAST_ROWS;
  const column = isConverted ? estimated(compressed.bytes / compressed.rows) : null;
  if (asRows < LEAST_ROWS)
    return {
      table: { ...table, column },
      note: `${table.name} has too few rows outside of the columnstore (${asRows}), so their bytes are computed from the declaration`,
    };
  const perRow = estimated((bytes - compressed.bytes) / asRows);
  // The declaration knows how much of it is the row, and the rest is in indexes.
  const heap = each(perRow, (value) => Math.min(value, table.heap.likely));
  return {
    table: {
      ...table,
      heap,
      indexes: {
        low: perRow.low - heap.low,
        likely: perRow.likely - heap.likely,
        high: perRow.high - heap.high,
      },
      column,
      from: `read from ${Math.round(asRows).toLocaleString('en')} rows of the database`,
    },
    note: `${table.name}: bytes of a row are read from the database${column === null ? '; it has no converted chunks' : ', also in the columnstore'}`,
  };
}

const estimated = (value: number): Range => ({ low: value * 0.9, likely: value, high: value * 1.1 });
