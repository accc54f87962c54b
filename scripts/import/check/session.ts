// The database session that rows are checked and written in, with its temporary table.
import type { Client } from 'pg';
import { messageOf, UsageError } from '../../../db/core/errors';
import { withinLimitsSql } from '../../../db/core/number-limits';
import { ident, literal } from '../../../db/core/sql';
import type { ResolvedOptions } from '../options';
import type { RowSource } from '../read/row-source';

/** A connection, with the import that it works for and a source of rows of its own. */
export interface Session {
  readonly db: Client;
  readonly options: ResolvedOptions;
  readonly source: RowSource;
}

/** The temporary table. It has the filled columns of the target, and takes the rows of one batch. */
export const INCOMING = 'pg_temp.incoming';
/** Its column with the place of each row in the batch. */
export const PLACE = '#';

/**
 * Sets how the session reads texts, whatever the database or the role has set for it, and makes its temporary table.
 * @throws UsageError when the server does not know the zone, or the shift is not an interval.
 */
export async function prepareSession({ db, options, source }: Session): Promise<void> {
  const { table, zone, shift } = options;
  await db.query(`SET timezone = ${literal(zone)}`).catch(blame(`--zone ${zone}`));
  await db.query("SET datestyle = 'ISO, YMD'; SET intervalstyle = 'postgres'");
  await db.query('SELECT now() + $1::interval', [shift]).catch(blame(`--shift ${shift}`));
  const columns = source.columns.map(({ name, column }) => `${ident(name)} ${column.type}`);
  // Numbers in a spelling that only the server reads, such as 0x1p-1074, have the limits of all others.
  const limits = source.columns.flatMap(
    ({ name, column }) => withinLimitsSql(column.type, ident(name)) ?? [],
  );
  const checks = [
    `CONSTRAINT "time is finite" CHECK (isfinite(${ident(table.time)}))`,
    ...(limits.length > 0
      ? [`CONSTRAINT "numbers are within the limits of sums" CHECK (${limits.join(' AND ')})`]
      : []),
  ];
  await db.query(
    `CREATE TEMP TABLE incoming (${[`${ident(PLACE)} int NOT NULL`, ...columns, ...checks].join(', ')})`,
  );
}

/** Makes a handler that reports an error as the fault of a flag. */
export const blame =
  (flag: string) =>
  (error: unknown): never => {
    throw new UsageError(`${flag}: ${messageOf(error)}`, { cause: error });
  };
