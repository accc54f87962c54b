// CREATE TABLE parts that both engines share.
import { ident } from '../core/sql';
import type { Column } from './columns';
import type { Hypertable } from './hypertable';
import type { PlainTable } from './table';

/** `"time" timestamp with time zone NOT NULL, …` in declared order. */
export function columnDefinitions(table: Pick<Hypertable | PlainTable, 'columns'>): string {
  return Object.entries<Column>(table.columns)
    .map(([name, { type, nullable, defaultSql }]) =>
      [
        ident(name),
        type,
        ...(nullable ? [] : ['NOT NULL']),
        ...(defaultSql === undefined ? [] : [`DEFAULT ${defaultSql}`]),
      ].join(' '),
    )
    .join(', ');
}
