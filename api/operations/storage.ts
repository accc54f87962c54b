// The storage of tables and aggregates: their chunks, and what the columnstore saves.
import { Type } from '@fastify/type-provider-typebox';
import { readChunks, readCompression, savedPercent } from '../../db/engines/chunks';
import { nameOf } from '../../db/language/names';
import { asks } from '../database/query';
import { publicName } from '../database/tables';
import type { ApiApp } from '../http/instance';
import { plainRoute } from '../http/plain-route';
import { ProblemError, problemResponses } from '../http/problems';
import type { RouteParts } from '../parts';
import { ChunkList, CompressionList } from './schemas';

const DEFAULT_CHUNKS = 500;
const MOST_CHUNKS = 10_000;

const ChunksQuery = Type.Object(
  {
    table: Type.Optional(
      Type.String({
        maxLength: 127,
        description: 'Only this hypertable or aggregate',
        examples: ['sensor_data'],
      }),
    ),
    limit: Type.Optional(
      Type.Integer({
        minimum: 1,
        maximum: MOST_CHUNKS,
        default: DEFAULT_CHUNKS,
        description: 'Most chunks to list per table; the newest ones are listed',
      }),
    ),
  },
  { additionalProperties: false },
);

/** Adds `GET /api/operations/{chunks,compression}`. */
export function storageRoutes(
  app: ApiApp,
  { database, config }: Pick<RouteParts, 'database' | 'config'>,
): void {
  const relations = [...config.desired.hypertables, ...config.desired.aggregates];
  const names = relations.map(nameOf);
  // From public names to names in the database, and back.
  const named = new Map(relations.map((relation) => [publicName(relation), nameOf(relation)]));
  const shown = new Map(relations.map((relation) => [nameOf(relation), publicName(relation)]));
  const publicly = (name: string): string => shown.get(name) ?? name;
  const ask = asks(database.reader);

  app.get(
    '/api/operations/chunks',
    {
      schema: {
        tags: ['operations'],
        operationId: 'chunks',
        summary: 'Chunks of the tables and aggregates, with ranges and sizes',
        querystring: ChunksQuery,
        response: { 200: ChunkList, ...problemResponses },
      },
      config: { access: 'read' },
    },
    async (request) => {
      const { table, limit = DEFAULT_CHUNKS } = request.query;
      const wanted = table === undefined ? names : [named.get(table) ?? unknownTable(table)];
      const tables = await readChunks(ask, await database.engine(), wanted, limit);
      return {
        tables: tables.map(({ table: name, bytes, total, chunks }) => ({
          table: publicly(name),
          bytes,
          total,
          chunks: [...chunks],
        })),
      };
    },
  );

  app.get(
    '/api/operations/compression',
    plainRoute({
      tag: 'operations',
      operationId: 'compression',
      summary: 'What the columnstore saves',
      answer: CompressionList,
    }),
    async () => {
      const engine = await database.engine();
      const tables = await readCompression(ask, engine, names);
      return {
        available: engine === 'timescaledb',
        tables: tables.map((one) => ({
          table: publicly(one.table),
          chunks: one.chunks,
          compressed_chunks: one.compressedChunks,
          before_bytes: one.beforeBytes,
          after_bytes: one.afterBytes,
          saved_percent: savedPercent(one),
        })),
      };
    },
  );
}

function unknownTable(table: string): never {
  throw new ProblemError(
    'unknown-table',
    `There is no table ${JSON.stringify(table.slice(0, 80))}; GET /api/operations/chunks without table lists all tables`,
  );
}
