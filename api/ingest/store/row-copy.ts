// COPY of checked rows: in binary format where the columns of the server have the declared types, otherwise as text.
import { literal, relation } from '../../../db/core/sql';
import type { Column } from '../../../db/language/columns';
import type { Hypertable } from '../../../db/language/hypertable';
import type { Db } from '../../../db/model';
import { binaryTypeOf } from '../../../db/server/binary-values';
import { copyText, copyValue } from '../../../db/server/copy';
import { copyBinary } from '../../../db/server/copy-binary';
import { cellText } from '../read/cells';
import type { CheckedRow } from '../rows';

/** A way to copy rows of a table that have the same columns. */
export interface RowCopy {
  /** Sends the rows. They count only when `confirm` has succeeded. */
  send(db: Db, rows: readonly CheckedRow[]): Promise<void>;
  /**
   * Runs the statement that ends the savepoint of `send`, and makes sure that the server has understood the rows.
   * @throws an error after which the transaction is run again, with texts, when the columns have other types than declared.
   */
  confirm(db: Db, sql: string): Promise<void>;
}

/**
 * Tables whose columns have the declared types on the server; undefined = all of them, as long as none was found to differ. When one
 * does, others may as well: each of them is sent as texts until its types are seen, so that a transaction is repeated only once.
 */
let trusted: WeakSet<Hypertable> | undefined;

/** Declared types of the columns, in their order. */
export const typesOf = (table: Hypertable): readonly string[] =>
  table.columnNames.map((name) => (table.columns as Readonly<Record<string, Column>>)[name]?.type ?? 'text');

/** The way for columns of the table, by their places. */
export function rowCopy(table: Hypertable, places: readonly number[]): RowCopy {
  const target = relation(table);
  const columns = places.map((place) => table.columnNames[place] ?? '');
  const types = typesOf(table);
  const binary = places.flatMap((place) => binaryTypeOf(types[place] ?? '') ?? []);
  const hasBinary = binary.length === places.length;
  const isBinary = hasBinary && (trusted === undefined || trusted.has(table));
  const encoders = binary.map(({ encode }) => encode);
  return {
    send: async (db, rows) => {
      if (isBinary) await copyBinary(db, { target, columns, encoders, places }, rows);
      else await copyText(db, target, columns, copyLines(types, places, rows));
    },
    confirm: async (db, sql) => {
      if (!hasBinary) {
        await db.query(sql);
        return;
      }
      const results: unknown = await db.query(`${sql}; ${typeQuery(target)}`);
      const { rows } = (results as readonly [unknown, ActualTypes])[1];
      const actual = new Map(rows.map(({ name, type }) => [name, type]));
      const isCurrent = rows.every(({ isolation }) => isolation === 'read committed');
      // Of all columns, also when these rows leave some to their defaults.
      const hasDeclaredTypes = table.columnNames.every((name, at) => {
        const declared = binaryTypeOf(types[at] ?? '');
        return declared === undefined || actual.get(name) === declared.name;
      });
      const isAsDeclared = isCurrent && hasDeclaredTypes;
      if (isAsDeclared) trusted?.add(table);
      else if (isBinary) {
        trusted = new WeakSet();
        throw Object.assign(new Error(`columns of ${target} have other types than declared`), {
          code: REPEAT,
        });
      } else trusted?.delete(table);
    },
  };
}

interface ActualTypes {
  readonly rows: readonly { readonly name: string; readonly type: string; readonly isolation: string }[];
}

/** serialization_failure: whoever sees it runs the transaction again. */
const REPEAT = '40001';

// Bytes of one type can be a wrong value of another, and nothing but the catalog tells. It is asked after COPY, because the lock of
// COPY keeps the types as they are until the end of the transaction. With an isolation that looks at the catalog of an earlier moment, it
// does not tell either, and rows are sent as texts.
const typeQuery = (target: string): string =>
  `SELECT attname AS name, format_type(atttypid, NULL) AS type, current_setting('transaction_isolation') AS isolation FROM pg_catalog.pg_attribute WHERE attrelid = ${literal(target)}::regclass AND attnum > 0`;

function* copyLines(
  types: readonly string[],
  places: readonly number[],
  rows: readonly CheckedRow[],
): Generator<string> {
  for (const { cells } of rows)
    yield `${places.map((place) => copyValue(cellText(types[place] ?? '', cells[place]))).join('\t')}\n`;
}
