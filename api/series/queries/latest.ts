// The newest row of each series.
import { ident, relation } from '../../../db/core/sql';
import type { Hypertable } from '../../../db/language/hypertable';
import { query } from '../../database/query';
import type { Source } from '../../database/reads';
import { type Bind, type Statement, statement } from '../../database/statement';
import { currentInstant, timeText } from '../../http/time';
import { castOf } from '../request/column-types';
import { columnOf } from '../request/figures';
import { type Condition, type Filter, filteredColumns, filterSql } from '../request/filters';
import type { AnswerRow } from './fill';
import { canScanLoosely, isRequired, looseScan } from './keys';
import { lookBack } from './look-back';
import { type Selection, shownSql } from './rows-and-buckets';

/** Which series, and what to show of their newest rows. */
export type Wanted = Pick<Selection, 'engine' | 'by' | 'filters' | 'fields' | 'limit'>;

/** The newest row per combination of keys, in order of the keys; without keys the newest row. */
export async function latestRows(
  source: Source,
  table: Hypertable,
  wanted: Wanted,
): Promise<readonly AnswerRow[]> {
  const [key, ...more] = wanted.by;
  if (key === undefined) return newest(source, table, wanted);
  // The scan of different values does not find NULL.
  if (more.length > 0 || !canScanLoosely(wanted.engine, table, key) || !isRequired(table, key))
    return ask(source, distinct(table, wanted));
  const series = seriesQuery(table, key, wanted);
  if (series === undefined) return ask(source, bySeries(table, key, wanted));
  const keys = (await ask(source, series)).map((row) => String(row.key));
  return newestOf(source, table, { ...wanted, key, keys });
}

const ask = (source: Source, { sql, values }: Statement): Promise<AnswerRow[]> =>
  query<AnswerRow>(source, sql, values);

async function newest(source: Source, table: Hypertable, wanted: Wanted): Promise<readonly AnswerRow[]> {
  const found = await lookBack(table, currentInstant(), async (since) => {
    const rows = await ask(
      source,
      statement((bind) => newestRow(table, { ...wanted, since }, bind)),
    );
    return rows.length > 0 ? rows : undefined;
  });
  return found ?? [];
}

/** The newest rows of the series with these keys, each looked for only in as many chunks as needed. */
async function newestOf(
  source: Source,
  table: Hypertable,
  { keys, ...wanted }: Wanted & { readonly key: string; readonly keys: readonly string[] },
): Promise<readonly AnswerRow[]> {
  const found = new Map<number, AnswerRow>();
  let missing = keys.map((_, at) => at);
  if (missing.length === 0) return [];
  await lookBack(table, currentInstant(), async (since) => {
    const asked = missing.map((at) => keys[at] ?? '');
    const rows = await ask(source, ofSeries(table, { ...wanted, keys: asked, since }));
    for (const { [NTH]: nth, ...row } of rows) found.set(missing[Number(nth) - 1] ?? 0, row);
    missing = missing.filter((at) => !found.has(at));
    return missing.length === 0 ? true : undefined;
  });
  return [...found.keys()]
    .sort((a, b) => a - b)
    .slice(0, wanted.limit)
    .map((at) => found.get(at) ?? {});
}

interface Sought extends Pick<Wanted, 'filters' | 'fields'> {
  /** Rows before this instant are left out; undefined = all rows. */
  readonly since?: bigint | undefined;
  readonly conditions?: readonly string[];
  readonly columns?: readonly string[];
}

function newestRow(
  table: Hypertable,
  { filters, fields, since, conditions = [], columns = [] }: Sought,
  bind: Bind,
): string {
  const all = [
    ...conditions,
    ...(since === undefined ? [] : [`${ident(table.time)} >= ${bind(timeText(since), 'timestamptz')}`]),
    ...filters.map((filter) => filterSql(filter, bind)),
  ];
  return `SELECT ${[`${ident(table.time)} AS "time"`, ...columns, ...shownFields(table, fields)].join(', ')}
      FROM ${relation(table)} ${all.length > 0 ? `WHERE ${all.join(' AND ')}` : ''}
     ORDER BY ${ident(table.time)} DESC LIMIT 1`;
}

/** The keys of the series in their order; undefined when only their rows tell which they are. Rows are `{key}`, as text. */
function seriesQuery(table: Hypertable, key: string, { filters, limit }: Wanted): Statement | undefined {
  const named = filters.find((filter) => isListOf(filter, key)) as Filter | undefined;
  if (named !== undefined)
    return statement(
      (bind) =>
        `SELECT key::text FROM (SELECT DISTINCT key FROM unnest(${bind(named.values, `${named.cast}[]`)}) key) named ORDER BY named.key`,
    );
  const isOnKey = filters.every((filter) => filteredColumns([filter]).every((column) => column === key));
  if (!isOnKey) return undefined;
  return statement(
    (bind) => `WITH RECURSIVE ${looseScan(table, key, filters, bind)}
    SELECT key::text FROM (SELECT key FROM series WHERE key IS NOT NULL LIMIT ${bind(limit, 'bigint')}) found ORDER BY found.key`,
  );
}

/** Whether the condition names all values that the column may have. */
const isListOf = (filter: Condition, column: string): boolean =>
  !('kind' in filter) && filter.column === column && (filter.operator === '=' || filter.operator === 'in');

// No column has such a name.
const NTH = 'place of the key';

/** The newest rows at or after `since` of the series with these keys, with the place of the key from one. */
function ofSeries(
  table: Hypertable,
  {
    key,
    keys,
    ...sought
  }: Omit<Sought, 'columns' | 'conditions'> & { readonly key: string; readonly keys: readonly string[] },
): Statement {
  const cast = castOf(columnOf(table, key)?.type ?? '');
  const row = { ...sought, columns: [ident(key)], conditions: [`${ident(key)} = series.key`] };
  const shown = ['"time"', ident(key), ...columnsOf(sought.fields)].map((name) => `last.${name}`);
  return statement(
    (
      bind,
    ) => `SELECT ${[...shown, `series.nth AS ${ident(NTH)}`].join(', ')} FROM unnest(${bind(keys, 'text[]')}::${cast}[]) WITH ORDINALITY series (key, nth)
     CROSS JOIN LATERAL (${newestRow(table, row, bind)}) last`,
  );
}

/** One probe of the index (key, time) per series. */
function bySeries(table: Hypertable, key: string, wanted: Wanted): Statement {
  const ofKey = wanted.filters.filter((filter) =>
    filteredColumns([filter]).every((column) => column === key),
  );
  const shown = [
    'last."time"',
    `series.key AS ${ident(key)}`,
    ...columnsOf(wanted.fields).map((name) => `last.${name}`),
  ];
  return statement(
    (bind) => `WITH RECURSIVE ${looseScan(table, key, ofKey, bind)}
    SELECT ${shown.join(', ')} FROM series
     CROSS JOIN LATERAL (${newestRow(table, { ...wanted, conditions: [`${ident(key)} = series.key`] }, bind)}) last
     ORDER BY series.key LIMIT ${bind(wanted.limit, 'bigint')}`,
  );
}

function distinct(table: Hypertable, { by, filters, fields, limit }: Wanted): Statement {
  const keys = by.map((key) => ident(key));
  const shown = [`${ident(table.time)} AS "time"`, ...keys, ...shownFields(table, fields)];
  return statement((bind) => {
    const conditions = filters.map((filter) => filterSql(filter, bind));
    return `SELECT DISTINCT ON (${keys.join(', ')}) ${shown.join(', ')}
      FROM ${relation(table)} ${conditions.length > 0 ? `WHERE ${conditions.join(' AND ')}` : ''}
     ORDER BY ${[...keys, `${ident(table.time)} DESC`].join(', ')} LIMIT ${bind(limit, 'bigint')}`;
  });
}

const shownFields = (table: Hypertable, fields: Wanted['fields']): readonly string[] =>
  fields.map(({ column }) => shownSql(table, column ?? ''));

const columnsOf = (fields: Wanted['fields']): readonly string[] =>
  fields.map(({ column }) => ident(column ?? ''));
