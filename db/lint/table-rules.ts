// Tables: partitioning, keys and names.
import { relationsOf } from '../language/desired';
import type { Hypertable } from '../language/hypertable';
import { lengthOf } from '../language/interval';
import { nameOf } from '../language/names';
import { fault, type LintRule } from './rule';

// What is put behind schema and table in the name of a chunk: two underscores, fourteen digits, a partition number.
const CHUNK_SUFFIX = 19;
const LONGEST_NAME = 63;

export const tableRules: readonly LintRule[] = [
  {
    id: 'TS014',
    check: ({ hypertables }) =>
      hypertables.flatMap((table) => {
        const column = table.columns[table.time];
        if (column?.type === 'timestamp with time zone' && !column.nullable) return [];
        return [
          fault(
            table,
            `its time column ${table.time} is ${column?.type ?? 'missing'}${column?.nullable ? ', nullable' : ''}; declare it timestamptz().notNull(): other times are ambiguous and rows without one have no chunk`,
          ),
        ];
      }),
  },
  {
    id: 'TS015',
    check: ({ hypertables }) =>
      hypertables.flatMap((table) =>
        table.indexes
          .filter(({ unique }) => unique)
          .flatMap(({ keys }) => {
            const columns = keys.map((key) => ('column' in key ? key.column : ''));
            const missing = partitionColumns(table).filter((name) => !columns.includes(name));
            return missing.length > 0
              ? [
                  fault(
                    table,
                    `its unique index over ${columns.join(', ')} lacks ${missing.join(', ')}: uniqueness is only known within a chunk. Add every partition column, or drop "unique"`,
                  ),
                ]
              : [];
          }),
      ),
  },
  {
    id: 'TS016',
    check: ({ hypertables }) =>
      hypertables
        .filter(
          ({ retention, chunkInterval }) =>
            retention !== undefined && lengthOf(retention) < lengthOf(chunkInterval),
        )
        .map((table) =>
          fault(
            table,
            `keeps ${table.retention} in chunks of ${table.chunkInterval}: only whole chunks are dropped, so rows would stay more than twice as long. Make chunks shorter than the retention`,
          ),
        ),
  },
  {
    id: 'TS017',
    check: ({ hypertables }) =>
      hypertables.flatMap((table) => {
        const { hash } = table;
        if (hash === undefined) return [];
        if (hash.by === table.time)
          return [
            fault(
              table,
              `hashes its time column ${hash.by}, which the time ranges divide already; hash the column that queries ask for`,
            ),
          ];
        const usable = Number.isInteger(hash.count) && hash.count >= 2 && hash.count <= 1000;
        return usable
          ? []
          : [fault(table, `has ${hash.count} hash partitions; choose a whole number from 2 to 1000`)];
      }),
  },
  {
    id: 'TS020',
    check: ({ hypertables, aggregates }) =>
      hypertables.flatMap((table) => {
        if (table.rowSecurity === undefined) return [];
        const aggregate = aggregates.find(({ from }) => nameOf(from) === nameOf(table));
        const other = table.columnstore ? 'columnstore' : aggregate && `the aggregate ${nameOf(aggregate)}`;
        return other === undefined
          ? []
          : [
              fault(
                table,
                `has row-level security and ${other}, which the server refuses together; keep the rows in a table of their own, or grant views instead`,
              ),
            ];
      }),
  },
  {
    id: 'TS021',
    check: ({ hypertables }) =>
      hypertables
        .filter(
          ({ reorder, indexes }) =>
            reorder !== undefined &&
            !indexes.some((index) => JSON.stringify(index) === JSON.stringify(reorder)),
        )
        .map((table) =>
          fault(table, 'reorders by an index that it does not declare; add the same index to indexes'),
        ),
  },
  {
    id: 'TS018',
    check: (desired) =>
      relationsOf(desired)
        .filter(({ schema, name }) => `${schema}_${name}`.length + CHUNK_SUFFIX > LONGEST_NAME)
        .map((object) =>
          fault(
            object,
            `has a name too long for its chunks: schema and table may have ${LONGEST_NAME - CHUNK_SUFFIX - 1} letters together; shorten one`,
          ),
        ),
  },
];

const partitionColumns = ({ time, hash }: Hypertable): readonly string[] => [
  time,
  ...(hash ? [hash.by] : []),
];
