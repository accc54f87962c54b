// The declared tables with their columns, aggregates and policies.
import { Type } from '@fastify/type-provider-typebox';
import type { ContinuousAggregate } from '../../../db/language/aggregate';
import type { Columnstore } from '../../../db/language/hypertable';
import { nameOf } from '../../../db/language/names';
import { publicName, type SeriesTable, tableNamed } from '../../database/tables';
import { NoQuery, nullable, nullableTime } from '../../http/common-schemas';
import type { ApiApp } from '../../http/instance';
import { plainRoute } from '../../http/plain-route';
import { problemResponses } from '../../http/problems';
import type { RouteParts } from '../../parts';
import { columnOf } from '../request/figures';
import { tableParams } from './table-route';

const Names = Type.Array(Type.String());

const Aggregate = Type.Object({
  name: Type.String(),
  bucket: Type.String({ description: 'Width of a bucket' }),
  group_by: Names,
  columns: Type.Array(Type.String(), { description: 'All columns, including bucket' }),
  real_time: Type.Boolean(),
  watermark: nullableTime('Time up to which buckets are stored; null while no complete bucket is stored'),
  refresh: Type.Object({ start_offset: Type.String(), end_offset: Type.String(), every: Type.String() }),
  retention: nullable('string', 'Age after which buckets are dropped; null = never'),
});

const Table = Type.Object({
  name: Type.String(),
  time: Type.String({ description: 'The time column, by which rows are ordered' }),
  columns: Type.Array(
    Type.Object({
      name: Type.String(),
      type: Type.String(),
      nullable: Type.Boolean(),
      unit: nullable('string', 'Unit of its numbers'),
    }),
  ),
  aggregates: Type.Array(Aggregate),
  retention: nullable('string', 'Age after which rows are dropped; null = never'),
  chunk_interval: Type.String(),
  columnstore: Type.Unsafe<{ segment_by: string[]; order_by: string[]; after: string } | null>({
    type: 'object',
    nullable: true,
    required: ['segment_by', 'order_by', 'after'],
    properties: { segment_by: Names, order_by: Names, after: Type.String() },
    description: 'How older chunks are compressed; null = they are not compressed',
  }),
});

/** Adds `GET /api/tables` and `GET /api/tables/:table`. */
export function tableRoutes(app: ApiApp, parts: RouteParts): void {
  app.get(
    '/api/tables',
    plainRoute({
      tag: 'series',
      operationId: 'tables',
      summary: 'The tables that are served, with their aggregates',
      answer: Type.Object({ tables: Type.Array(Table) }),
    }),
    async () => ({
      tables: await Promise.all([...parts.tables.values()].map((table) => shown(parts, table))),
    }),
  );

  app.get(
    '/api/tables/:table',
    {
      schema: {
        tags: ['series'],
        querystring: NoQuery,
        summary: 'A table with its columns and aggregates',
        operationId: 'table',
        params: tableParams(parts.tables),
        response: { 200: Table, ...problemResponses },
      },
    },
    async ({ params: { table } }) => shown(parts, tableNamed(parts.tables, table)),
  );
}

async function shown(parts: RouteParts, { name, hypertable, aggregates }: SeriesTable) {
  return {
    name,
    time: hypertable.time,
    columns: hypertable.columnNames.map((column) => {
      const { type = '', nullable: isNullable = true, measuredIn } = columnOf(hypertable, column) ?? {};
      return { name: column, type, nullable: isNullable, unit: measuredIn ?? null };
    }),
    aggregates: await Promise.all(aggregates.map((aggregate) => shownAggregate(parts, aggregate))),
    retention: hypertable.retention ?? null,
    chunk_interval: hypertable.chunkInterval,
    columnstore: hypertable.columnstore ? shownColumnstore(hypertable.columnstore) : null,
  };
}

async function shownAggregate(parts: RouteParts, aggregate: ContinuousAggregate) {
  const { startOffset, endOffset, every } = aggregate.refresh;
  return {
    name: publicName(aggregate),
    bucket: aggregate.bucket,
    group_by: [...aggregate.groupBy],
    columns: [...aggregate.columnNames],
    real_time: aggregate.realTime,
    watermark: (await parts.freshness.watermarks()).get(nameOf(aggregate)) ?? null,
    refresh: { start_offset: startOffset, end_offset: endOffset, every },
    retention: aggregate.retention ?? null,
  };
}

const shownColumnstore = ({ segmentBy, orderBy, after }: Columnstore) => ({
  segment_by: [...segmentBy],
  order_by: orderBy.map(({ column, descending }) => `${column}${descending ? ' desc' : ''}`),
  after,
});
