// Renders the queries of a series. Names come from the declared schema, values are bound.
import { ident, relation } from '../../../db/core/sql';
import type { Relation } from '../../../db/language/aggregate';
import type { Expression } from '../../../db/language/expressions';
import type { EngineName } from '../../../db/model';
import { type Bind, type Statement, statement } from '../../database/statement';
import { rootOf, type SeriesTable } from '../../database/tables';
import type { Position } from '../../http/pages';
import { timeText } from '../../http/time';
import type { Plan } from '../plan/planner';
import { kindOf } from '../request/column-types';
import type { Field } from '../request/fields';
import { columnOf, isSequence } from '../request/figures';
import { type Condition, filterSql } from '../request/filters';
import type { Range } from '../request/ranges';
import { bucketColumns } from './bucket-columns';
import { figureSql } from './ratio';
import { sequenceBucketSql } from './sequences';

/** Which rows to read, and what to show of them. */
export interface Selection {
  readonly engine: EngineName;
  readonly by: readonly string[];
  readonly filters: readonly Condition[];
  readonly fields: readonly Field[];
  /** Where the page starts; absent = at the start. */
  readonly after?: Position | undefined;
  /** Most rows. */
  readonly limit: number;
  /** Where the samples before the buckets are, see `warmUpStart`; absent = anywhere. */
  readonly earlierSince?: bigint | undefined;
}

/** The buckets of a plan: `time`, the keys, the figures; in order of time and keys. */
export function bucketQuery(
  plan: Plan,
  { engine, by, filters, fields, after, limit, earlierSince }: Selection,
): Statement {
  const names = fields.map(({ name }) => name);
  return statement((bind) => {
    const buckets = bucketSql(plan, { engine, by, filters, names, after, earlierSince }, bind);
    return `${buckets} ORDER BY ${positions(by)} ${page(limit, after, bind)}`;
  });
}

/** The buckets of a plan without order and limit; `names` are those of its figures. */
export function bucketSql(
  plan: Plan,
  {
    engine,
    by,
    filters,
    names,
    after,
    earlierSince,
  }: Pick<Selection, 'engine' | 'by' | 'filters' | 'after' | 'earlierSince'> & {
    readonly names: readonly string[];
  },
  bind: Bind,
): string {
  const { relation: source, expressions, range } = plan;
  const rows = [...conditions(source, range, filters, bind), ...resume(source, after, bind)];
  if (expressions.some(isSequence)) {
    const from = after?.time ?? timeText(range.from);
    const selection = {
      engine,
      table: rootOf(source),
      by,
      filters,
      names,
      from,
      earlierSince,
      conditions: rows,
    };
    return sequenceBucketSql(plan, selection, bind);
  }
  const time = bucketColumns(plan.buckets, bind).start(ident(source.time));
  const figures = expressions.map(
    (expression, at) => `${figureSql(expression as Expression)} AS ${ident(names[at] ?? '')}`,
  );
  return `SELECT ${[`${time} AS "time"`, ...by.map((key) => ident(key)), ...figures].join(', ')}
      FROM ${relation(source)}
     WHERE ${rows.join(' AND ')}
     GROUP BY ${positions(by)}`;
}

/** The rows of the hypertable as they are: `time`, the keys, the fields; in order of time and then of all of them. */
export function rowQuery(
  { hypertable }: SeriesTable,
  range: Range,
  { by, filters, fields, after, limit }: Omit<Selection, 'engine'>,
): Statement {
  const columns = [...by, ...fields.map(({ column }) => column ?? '')];
  return statement(
    (
      bind,
    ) => `SELECT ${[`${ident(hypertable.time)} AS "time"`, ...columns.map((column) => shownSql(hypertable, column))].join(', ')}
      FROM ${relation(hypertable)}
     WHERE ${[...conditions(hypertable, range, filters, bind), ...resume(hypertable, after, bind)].join(' AND ')}
     ORDER BY ${[hypertable.time, ...columns].map((column) => sortKey(hypertable, column)).join(', ')} ${page(limit, after, bind)}`,
  );
}

/** A stored value as it is selected. A numeric goes through JSON, whose numbers are read exactly; figures over it are averages, too. */
export function shownSql(table: SeriesTable['hypertable'], column: string): string {
  const name = ident(column);
  return columnOf(table, column)?.type === 'numeric' ? `to_jsonb(${name}) AS ${name}` : name;
}

/** The range and the filters as conditions on a relation. */
export function conditions(
  source: Relation,
  range: Range,
  filters: readonly Condition[],
  bind: Bind,
): readonly string[] {
  const time = ident(source.time);
  return [
    `${time} >= ${bind(timeText(range.from), 'timestamptz')}`,
    `${time} < ${bind(timeText(range.to), 'timestamptz')}`,
    ...filters.map((filter) => filterSql(filter, bind)),
  ];
}

// The start of a bucket is the earliest time in it, so this condition is right for buckets and for rows.
function resume(source: Relation, after: Position | undefined, bind: Bind): readonly string[] {
  return after === undefined ? [] : [`${ident(source.time)} >= ${bind(after.time, 'timestamptz')}`];
}

const page = (limit: number, after: Position | undefined, bind: Bind): string =>
  `LIMIT ${bind(limit, 'bigint')} OFFSET ${bind(after?.skip ?? 0, 'bigint')}`;

// Positions of time and keys, because a column of the source may have the name of a column of the answer.
const positions = (by: readonly string[]): string => ['time', ...by].map((_, at) => at + 1).join(', ');

// Types without an order, such as point, are sorted by their text: any order is right, as long as it is always the same.
function sortKey(table: SeriesTable['hypertable'], column: string): string {
  return kindOf(columnOf(table, column)?.type ?? '') === 'other' ? `${ident(column)}::text` : ident(column);
}
