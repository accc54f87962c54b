// Rules about tables: partitioning, keys and names.
import { relationsOf } from '../language/desired';
import type { Hypertable } from '../language/hypertable';
import { lengthOf, parseDuration } from '../language/interval';
import { lengthBounds, remainder } from '../language/interval-bounds';
import { nameOf } from '../language/names';
import { fault, type LintRule } from './rule';

// The name of a chunk adds this to schema and table: two underscores, fourteen digits and a partition number.
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
            `has a time column ${table.time} that is ${column?.type ?? 'missing'}${column?.nullable ? ', nullable' : ''}: other time types are ambiguous, and a row without a time belongs to no chunk. Declare it as timestamptz().notNull()`,
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
                    `has a unique index on ${columns.join(', ')} without ${missing.join(', ')}: the server checks uniqueness only within a chunk. Add every partition column, or make the index not unique`,
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
            retention !== undefined &&
            // A chunk of a month has 30 days. Equal lengths are fine even where they differ in February.
            lengthBounds(parseDuration(retention)).shortest < lengthOf(chunkInterval) &&
            remainder(retention, chunkInterval).shortest < 0,
        )
        .map((table) =>
          fault(
            table,
            `keeps rows for ${table.retention} in chunks of ${table.chunkInterval}: only whole chunks are dropped, so rows would stay more than twice as long. Make the chunks shorter than the retention`,
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
              `has hash partitions by its time column ${hash.by}: the time ranges already divide the rows by it. Use a column that queries filter by`,
            ),
          ];
        const usable = Number.isInteger(hash.count) && hash.count >= 2 && hash.count <= 1000;
        return usable
          ? []
          : [
              fault(
                table,
                `has ${hash.count} hash partitions: fewer than 2 divide nothing, and more than 1000 divide too much. Choose a whole number from 2 to 1000`,
              ),
            ];
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
                `has row-level security and ${other}: the server rejects the combination. Keep these rows in a separate table, or grant access to views instead`,
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
          fault(
            table,
            'reorders by an index that it does not declare: the policy would stop working when that index is gone. Add the same index to indexes',
          ),
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
            `has a name that leaves no room for the names of its chunks: schema and table together may have ${LONGEST_NAME - CHUNK_SUFFIX - 1} letters. Shorten one of them`,
          ),
        ),
  },
];

const partitionColumns = ({ time, hash }: Hypertable): readonly string[] => [
  time,
  ...(hash ? [hash.by] : []),
];
