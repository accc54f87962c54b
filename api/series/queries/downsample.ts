// Thins out rows for a chart, in the database as far as possible, so that memory stays limited for any range.
import { ident, relation } from '../../../db/core/sql';
import { query } from '../../database/query';
import type { Source } from '../../database/reads';
import { type Statement, statement } from '../../database/statement';
import { instantOf } from '../../http/time';
import type { ColumnRange } from '../request/column-request';
import { kindOf } from '../request/column-types';
import { columnOf } from '../request/figures';
import type { Downsample } from '../request/parse-request';
import { type AnswerRow, seriesOf } from './fill';
import { keysOf } from './keys';
import { lttb } from './lttb';
import { conditions } from './rows-and-buckets';

/** What to thin out; values of the column that are NULL, NaN or infinite are left out. */
export interface Line extends ColumnRange {
  /** Most points per series; `minmax` gives at least 2, if there are. */
  readonly points: number;
}

type TimedRow = AnswerRow & { readonly time: string };

/** Rows of the line in order of time, at most `limit` of them; they are stored rows with their own times. */
export async function thinnedRows(
  source: Source,
  how: Downsample,
  line: Line,
  limit: number,
): Promise<readonly AnswerRow[]> {
  if (how === 'minmax') return extremes(source, line, Math.max(1, Math.floor(line.points / 2)), limit);
  const few = 4 * line.points;
  const { sql, values } = plainQuery(line, few + 1);
  const rows = await query<TimedRow>(source, sql, values);
  // MinMaxLTTB (Donckt et al., 2023): of many rows only the extremes of four times as many slots can matter.
  const found = rows.length <= few ? rows : await extremes(source, line, 2 * line.points, 4 * limit);
  // The limit cut the rows off. The caller refuses that many rows, and must not take a part for the whole.
  if (found.length >= 4 * limit) return found;
  return inOrder(seriesOf(found.map(pointOf(line)), line.by).flatMap((series) => lttb(series, line.points)));
}

/** The lowest and the highest row of each of the equal slots between the first and the last row. */
async function extremes(
  source: Source,
  line: Line,
  slots: number,
  limit: number,
): Promise<readonly TimedRow[]> {
  const extent = extentQuery(line);
  const [found] = await query<{ first: string | null; last: string | null }>(
    source,
    extent.sql,
    extent.values,
  );
  if (!found?.first || !found.last) return [];
  const span = { first: instantOf(found.first), last: instantOf(found.last) };
  const { sql, values } = minmaxQuery(line, span, slots, limit);
  return query<TimedRow>(source, sql, values);
}

interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

function minmaxQuery(line: Line, { first, last }: Span, slots: number, limit: number): Statement {
  const { table, column, by } = line;
  const type = columnOf(table.hypertable, column)?.type ?? '';
  // A bigint or numeric can have more digits than a float; the time in microseconds fits into both types.
  const carried = type === 'bigint' || type === 'numeric' ? 'numeric' : 'double precision';
  const keys = by.map((_, at) => `k${at}`);
  const list = (...parts: readonly string[]) => parts.join(', ');
  return statement((bind) => {
    const length = bind(Number(last - first + 1n) / slots, 'double precision');
    const slot = `least(floor((us - ${bind(Number(first), 'double precision')}) / ${length}), ${bind(slots - 1, 'double precision')})`;
    // Citus takes no UNION within a query of a worker, so the slots are made before.
    return `WITH slots AS MATERIALIZED (
      SELECT ${list(...keys, `${slot} AS slot`, `min(ARRAY[v::${carried}, us::${carried}]) AS low`, `max(ARRAY[v::${carried}, us::${carried}]) AS high`)}
        FROM (SELECT ${list(
          ...keysOf(by),
          `${ident(column)} AS v`,
          `(extract(epoch FROM ${ident(table.hypertable.time)}) * 1000000)::double precision AS us`,
        )}
                FROM ${relation(table.hypertable)} WHERE ${where(line, bind)}) found
       GROUP BY ${list(...keys, 'slot')})
    SELECT ${list(
      `timestamptz 'epoch' + point[2]::double precision * interval '1 microsecond' AS "time"`,
      ...by.map((key, at) => `k${at} AS ${ident(key)}`),
      `point[1]::${type} AS ${ident(column)}`,
    )}
      FROM slots CROSS JOIN LATERAL (SELECT low AS point UNION SELECT high) both_ends
     ORDER BY ${list('1', ...by.map((_, at) => String(at + 2)), 'point')} LIMIT ${bind(limit, 'bigint')}`;
  });
}

function plainQuery(line: Line, limit: number): Statement {
  const { table, column, by } = line;
  const columns = [...by, column].map((name) => ident(name));
  return statement(
    (bind) => `SELECT ${[`${ident(table.hypertable.time)} AS "time"`, ...columns].join(', ')}
      FROM ${relation(table.hypertable)} WHERE ${where(line, bind)}
     ORDER BY ${[ident(table.hypertable.time), ...columns].join(', ')} LIMIT ${bind(limit, 'bigint')}`,
  );
}

function extentQuery(line: Line): Statement {
  const time = ident(line.table.hypertable.time);
  const end = (order: string, bind: Parameters<Parameters<typeof statement>[0]>[0]) =>
    `(SELECT ${time} FROM ${relation(line.table.hypertable)} WHERE ${where(line, bind)} ORDER BY ${time} ${order} LIMIT 1)`;
  return statement((bind) => `SELECT ${end('ASC', bind)} AS first, ${end('DESC', bind)} AS last`);
}

function where({ table, column, filters, range }: Line, bind: Parameters<typeof conditions>[3]): string {
  const type = columnOf(table.hypertable, column)?.type ?? '';
  const name = ident(column);
  // In PostgreSQL NaN is greater than infinity, so this also leaves out NaN.
  const finite =
    kindOf(type) === 'integer'
      ? `${name} IS NOT NULL`
      : `${name} > '-Infinity'::${type} AND ${name} < 'Infinity'::${type}`;
  return [...conditions(table.hypertable, range, filters, bind), finite].join(' AND ');
}

interface DrawnRow {
  readonly x: number;
  readonly y: number;
  readonly [column: string]: unknown;
  readonly row: TimedRow;
}

const pointOf =
  ({ column, by, range }: Line) =>
  (row: TimedRow): DrawnRow => ({
    ...Object.fromEntries(by.map((key) => [key, row[key]])),
    x: Number(instantOf(row.time) - range.from),
    y: Number(row[column]),
    row,
  });

const inOrder = (points: readonly DrawnRow[]): readonly AnswerRow[] =>
  [...points].sort((a, b) => a.x - b.x).map(({ row }) => row);
