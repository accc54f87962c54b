// What building a missing index would read, block, or fail on.
import { describeImpact } from '../core/quantities';
import { ident, relation } from '../core/sql';
import type { DeclaredTable } from '../language/desired';
import type { Index } from '../language/indexes';
import { nameOf } from '../language/names';
import type { Db, EngineName, Findings, Hazard, Step } from '../model';
import { readTableSizes, type TableSize } from '../server/table-size';
import { indexSql } from './index-sql';
import { duplicateKeys, forExample, type NotRead, type OffendingRows } from './offending-rows';

/** An index that is declared and missing. */
export interface MissingIndex {
  readonly table: DeclaredTable;
  readonly index: Index;
}

/** A missing index, and what its table holds. */
export interface IndexBuild extends MissingIndex {
  /** Absent: the table has no rows, or does not exist yet. The figures also count rows in the columnstore. */
  readonly size?: TableSize;
  /** Keys that a unique index would reject, or why they were not read; absent when it is not unique. */
  readonly duplicates?: OffendingRows | NotRead;
}

/** Reads how large the tables of missing indexes are, and looks for duplicates where an index is unique. */
export async function readBuilds(
  db: Db,
  engine: EngineName,
  missing: readonly MissingIndex[],
): Promise<readonly IndexBuild[]> {
  const sizes = await readTableSizes(db, engine, [...new Set(missing.map(({ table }) => table))]);
  const builds: IndexBuild[] = [];
  for (const one of missing) {
    const size = sizes.get(nameOf(one.table));
    const columns = one.index.keys.flatMap((key) => ('column' in key ? [key.column] : []));
    if (size === undefined || size.rows === 0) builds.push(one);
    else if (!one.index.unique || columns.length < one.index.keys.length) builds.push({ ...one, size });
    else {
      const { where } = one.index;
      const keys = { columns, ...(where === undefined ? {} : { where }) };
      builds.push({ ...one, size, duplicates: await duplicateKeys(db, one.table, keys) });
    }
  }
  return builds;
}

/** The step that creates a missing index, or the refusal. */
export function buildIndex(build: IndexBuild): Partial<Findings> {
  const { table, index, duplicates } = build;
  const object = nameOf(table);
  if (duplicates === undefined || !('count' in duplicates) || duplicates.count === 0)
    return { steps: [step(build)] };
  const columns = index.keys.flatMap((key) => ('column' in key ? [key.column] : []));
  const keys = columns.map((column) => ident(column)).join(', ');
  return {
    refusals: [
      {
        object,
        what: `has no unique index on ${columns.join(', ')}, and cannot get one as long as rows have the same key`,
        why: `more than one row has the same key in ${duplicates.count === 1 ? '1 case' : `${duplicates.count} cases`}${forExample(duplicates)}`,
        wayOut: `delete or correct the surplus rows, then apply again; SELECT ${keys}, count(*) FROM ${relation(table)}${index.where === undefined ? '' : ` WHERE ${index.where}`} GROUP BY ${keys} HAVING count(*) > 1 finds them`,
      },
    ],
  };
}

function step({ table, index, size, duplicates }: IndexBuild): Step {
  const object = nameOf(table);
  // Without a name in the statement, PostgreSQL chooses a free one by its usual pattern (table_columns_idx).
  return {
    id: `create-index:${object}(${shortForm(index)})`,
    object,
    action: 'create',
    summary: `${index.unique ? 'unique ' : ''}index ${indexSql(index).replaceAll('"', '')}`,
    sql: [`CREATE ${index.unique ? 'UNIQUE ' : ''}INDEX ON ${relation(table)} USING ${indexSql(index)}`],
    transactional: true,
    lock: `SHARE on ${object} and its chunks`,
    hazards: size === undefined ? [] : [blocked(object, size, duplicates)],
    ...(size === undefined ? {} : { impact: { chunks: size.chunks, rows: size.rows, bytes: size.bytes } }),
  };
}

function blocked(object: string, size: TableSize, duplicates: IndexBuild['duplicates']): Hazard {
  const unknown =
    duplicates === undefined || 'count' in duplicates
      ? ''
      : `; duplicates were not looked for (${duplicates.code === TOO_LONG ? 'that took too long for the plan' : duplicates.message}), and the step fails if there are any`;
  return {
    name: 'blocks-writes',
    reason: `writes to ${object} wait until the index is built (${describeImpact(size)})${unknown}`,
  };
}

// SQLSTATE query_canceled.
const TOO_LONG = '57014';

/** `device,-at`, `gin tags`, `unique at,device`, `amount where status = 'failed'`: short and unique within a table. */
function shortForm({ method, keys, unique, where }: Index): string {
  const columns = keys.map((item) =>
    'expression' in item ? item.expression : `${item.descending ? '-' : ''}${item.column}`,
  );
  return [
    method === 'btree' ? '' : `${method} `,
    unique ? 'unique ' : '',
    columns.join(','),
    where === undefined ? '' : ` where ${where}`,
  ].join('');
}
