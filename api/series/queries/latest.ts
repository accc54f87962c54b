// The newest row of each series.
import { ident, relation } from '../../../db/core/sql';
import { type Bind, type Statement, statement } from '../../database/statement';
import type { SeriesTable } from '../../database/tables';
import { filteredColumns, filterSql } from '../request/filters';
import { hasIndexOn, isRequired, looseScan } from './keys';
import { type Selection, shownSql } from './rows-and-buckets';

/** The newest row per combination of keys, in order of the keys; without keys the newest row. */
export function latestQuery(
  table: SeriesTable,
  selection: Pick<Selection, 'by' | 'filters' | 'fields' | 'limit'>,
): Statement {
  const [key, ...more] = selection.by;
  if (key === undefined) return statement((bind) => newestRow(table, selection, bind));
  // The scan of different values does not find NULL.
  const isIndexed = hasIndexOn(table.hypertable, key) && isRequired(table.hypertable, key);
  return more.length === 0 && isIndexed ? bySeries(table, key, selection) : distinct(table, selection);
}

type Wanted = Pick<Selection, 'by' | 'filters' | 'fields' | 'limit'>;

function newestRow(
  { hypertable }: SeriesTable,
  { filters, fields }: Wanted,
  bind: Bind,
  also?: string,
): string {
  const conditions = [...(also ? [also] : []), ...filters.map((filter) => filterSql(filter, bind))];
  return `SELECT ${[`${ident(hypertable.time)} AS "time"`, ...shownFields(hypertable, fields)].join(', ')}
      FROM ${relation(hypertable)} ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY ${ident(hypertable.time)} DESC LIMIT 1`;
}

/** One probe of the index (key, time) per series. */
function bySeries(table: SeriesTable, key: string, wanted: Wanted): Statement {
  const ofKey = wanted.filters.filter((filter) =>
    filteredColumns([filter]).every((column) => column === key),
  );
  const shown = [
    'last."time"',
    `series.key AS ${ident(key)}`,
    ...columnsOf(wanted.fields).map((name) => `last.${name}`),
  ];
  return statement(
    (bind) => `WITH RECURSIVE ${looseScan(table.hypertable, key, ofKey, bind)}
    SELECT ${shown.join(', ')} FROM series
     CROSS JOIN LATERAL (${newestRow(table, wanted, bind, `${ident(key)} = series.key`)}) last
     ORDER BY series.key LIMIT ${bind(wanted.limit, 'bigint')}`,
  );
}

function distinct({ hypertable }: SeriesTable, { by, filters, fields, limit }: Wanted): Statement {
  const keys = by.map((key) => ident(key));
  const shown = [`${ident(hypertable.time)} AS "time"`, ...keys, ...shownFields(hypertable, fields)];
  return statement((bind) => {
    const conditions = filters.map((filter) => filterSql(filter, bind));
    return `SELECT DISTINCT ON (${keys.join(', ')}) ${shown.join(', ')}
      FROM ${relation(hypertable)} ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY ${[...keys, `${ident(hypertable.time)} DESC`].join(', ')} LIMIT ${bind(limit, 'bigint')}`;
  });
}

const shownFields = (table: SeriesTable['hypertable'], fields: Wanted['fields']): readonly string[] =>
  fields.map(({ column }) => shownSql(table, column ?? ''));

const columnsOf = (fields: Wanted['fields']): readonly string[] =>
  fields.map(({ column }) => ident(column ?? ''));
