// One table whose columns and columnstore vary, with or without an aggregate over it, and statements that fill it.
import { continuousAggregate } from '../language/aggregate';
import { type Column, float8, integer, text, timestamptz } from '../language/columns';
import { avg, count } from '../language/expressions';
import { type Columnstore, type Hypertable, hypertable } from '../language/hypertable';
import { desc } from '../language/indexes';
import { type SchemaSet, schemaSet } from '../language/schema-set';
import type { Dialect } from '../model';

/** How many rows `filled` inserts. */
export const ROWS = 60;

// So late that the policy never converts a chunk by itself: tests decide which chunks are converted.
const NEVER = '3650 days';

/** Columnstore by device, newest first, or as given. */
export const byDevice = (variation: Partial<Columnstore> = {}): Columnstore => ({
  segmentBy: ['device'],
  orderBy: [desc('at')],
  after: NEVER,
  ...variation,
});

type Base = 'at' | 'device' | 'value' | 'level';

export interface TableVariation {
  /** More columns, or other ones of the same names. */
  readonly columns?: Readonly<Record<string, Column>>;
  readonly columnstore?: Columnstore | 'off';
}

/** Table `plant.metric`. */
export function table({ columns = {}, columnstore = byDevice() }: TableVariation = {}): Hypertable<Base> {
  return hypertable('plant.metric', {
    columns: {
      at: timestamptz().notNull(),
      device: text().notNull(),
      value: float8(),
      level: integer(),
      // Columns that vary are for the database only: nothing else in the tests is declared with them.
      ...(columns as Record<never, Column>),
    },
    time: 'at',
    chunkInterval: '1 day',
    ...(columnstore === 'off' ? {} : { columnstore: columnstore as Columnstore<Base> }),
  });
}

/** The table alone. */
export const tableSet = (variation: TableVariation = {}): SchemaSet => schemaSet('plant', [table(variation)]);

/** The table and `plant.hourly` over its columns device and value. */
export function withAggregate(variation: TableVariation = {}, columnstore?: Columnstore): SchemaSet {
  const source = table(variation);
  const hourly = continuousAggregate('plant.hourly', {
    from: source,
    bucket: '1 hour',
    groupBy: ['device'],
    select: { avg_value: avg('value'), rows: count() },
    realTime: false,
    refresh: { startOffset: '3 days', endOffset: '1 hour', every: '1 hour' },
    ...(columnstore ? { columnstore: columnstore as Columnstore<'bucket' | 'device'> } : {}),
  });
  return schemaSet('plant', [source, hourly]);
}

const INSERT = `INSERT INTO plant.metric (at, device, value, level)
  SELECT date_trunc('day', now()) - n * interval '2 hours', 'device ' || n % 3, n, n FROM generate_series(1, ${ROWS}) n`;

/** Fills the table with rows of five days, each in a chunk. */
export const filled: { readonly [D in Dialect]: readonly string[] } = {
  timescaledb: [INSERT],
  postgres: [`SELECT tsdb.ensure_chunks('plant', 'metric', now() - interval '6 days', now())`, INSERT],
};

/** The same, and more statements on both engines. */
export const filledAnd = (...more: readonly string[]): typeof filled => ({
  timescaledb: [...filled.timescaledb, ...more],
  postgres: [...filled.postgres, ...more],
});

/** Converts all chunks of a table or aggregate. */
export const compressed = (relation = 'plant.metric'): string =>
  `SELECT public.compress_chunk(c) FROM public.show_chunks('${relation}') c`;

/** Changes that convert chunks one after the other, by a name that a child process can be given. */
export const conversions = {
  rebuild: tableSet({ columns: { extra: integer().notNull().default('7') } }),
  layout: tableSet({ columnstore: byDevice({ segmentBy: [] }) }),
  rows: tableSet({ columnstore: 'off' }),
} as const;

/** The table with one more column, `extra`. */
export const some = (column: Column): SchemaSet => tableSet({ columns: { extra: column } });

/** A change of `extra` in a filled table, with a value for the rows. */
export const changeOf = (
  from: Column,
  to: Column,
  value: string,
): { from: readonly SchemaSet[]; to: readonly SchemaSet[]; drift: typeof filled } => ({
  from: [some(from)],
  to: [some(to)],
  drift: filledAnd(`UPDATE plant.metric SET extra = ${value}`),
});
