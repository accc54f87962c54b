// Writes checked rows by COPY. What the server refuses nevertheless, e.g. by a constraint, is taken out and the rest tried again.
import { messageOf } from '../../../db/core/errors';
import { relation } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import type { Db } from '../../../db/model';
import { copyText, copyValue } from '../../../db/server/copy';
import type { Row, Verdict } from '../rows';

/** What became of the rows. */
export interface Copied {
  readonly stored: readonly Row[];
  readonly refused: readonly Verdict[];
}

/** More rows than a batch may lose to the server; thrown inside the transaction, so nothing of it stays. */
export class TooManyRefused extends Error {
  constructor(readonly refused: readonly Verdict[]) {
    super('the database refuses too many rows');
    this.name = 'TooManyRefused';
  }
}

const MOST_REFUSED = 100;
/** A refused row makes its slice be sent again, not the whole batch. */
const SLICE = 5_000;

/**
 * Copies the rows into the table, inside the transaction of `db`.
 * @throws TooManyRefused when the server refuses more than 100 of them.
 */
export async function copyRows(db: Db, table: Hypertable, rows: readonly Row[]): Promise<Copied> {
  const stored: Row[] = [];
  const refused: Verdict[] = [];
  for (const { columns, members } of sameColumns(table, rows)) {
    for (let at = 0; at < members.length; at += SLICE)
      stored.push(...(await copySlice(db, table, columns, members.slice(at, at + SLICE), refused)));
  }
  return { stored, refused };
}

interface Group {
  /** Places of the columns that the rows have. */
  readonly columns: readonly number[];
  readonly members: Row[];
}

// COPY names its columns once: rows that leave a column to its default go apart from those that give it.
function sameColumns(table: Hypertable, rows: readonly Row[]): Iterable<Group> {
  const groups = new Map<string, Group>();
  const places = table.columnNames.map((_, place) => place);
  const optional = places.filter((place) => columnAt(table, place)?.defaultSql !== undefined);
  for (const row of rows) {
    const absent = optional.filter((place) => row.texts[place] === undefined);
    const key = absent.join();
    let group = groups.get(key);
    if (!group) {
      group = { columns: places.filter((place) => !absent.includes(place)), members: [] };
      groups.set(key, group);
    }
    group.members.push(row);
  }
  return groups.values();
}

function columnAt(table: Hypertable, place: number) {
  return (table.columns as Readonly<Record<string, { readonly defaultSql?: string }>>)[
    table.columnNames[place] ?? ''
  ];
}

async function copySlice(
  db: Db,
  table: Hypertable,
  columns: readonly number[],
  slice: readonly Row[],
  refused: Verdict[],
): Promise<readonly Row[]> {
  const names = columns.map((place) => table.columnNames[place] ?? '');
  const left = [...slice];
  while (left.length > 0) {
    await db.query('SAVEPOINT slice');
    try {
      await copyText(db, relation(table), names, copyLines(columns, left));
      await db.query('RELEASE SAVEPOINT slice');
      return left;
    } catch (error) {
      const line = refusedLine(error);
      const row = line === undefined ? undefined : left[line - 1];
      if (!row) throw error;
      await db.query('ROLLBACK TO SAVEPOINT slice');
      refused.push({
        line: row.line,
        source: row.source,
        reason: `the database refuses it: ${messageOf(error)}`,
      });
      if (refused.length > MOST_REFUSED) throw new TooManyRefused(refused);
      left.splice(left.indexOf(row), 1);
    }
  }
  return left;
}

function* copyLines(columns: readonly number[], rows: readonly Row[]): Generator<string> {
  for (const { texts } of rows) yield `${columns.map((place) => copyValue(texts[place])).join('\t')}\n`;
}

// Class 22: data exceptions, 23: constraints, 54: limits, e.g. a text too long for its index. The server names its own
// line of the COPY in `where`: "COPY sensor_data, line 12, column temperature: …".
function refusedLine(error: unknown): number | undefined {
  const { code, where } = (error ?? {}) as { readonly code?: unknown; readonly where?: unknown };
  if (typeof code !== 'string' || !/^(22|23|54)/.test(code) || typeof where !== 'string') return undefined;
  const line = /\bCOPY \S+, line (\d+)/.exec(where)?.[1];
  return line === undefined ? undefined : Number(line);
}
