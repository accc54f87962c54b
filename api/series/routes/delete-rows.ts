// Deletes rows of a table, together with what every aggregate holds of them.
import { Type } from '@fastify/type-provider-typebox';
import type { FastifyRequest } from 'fastify';
import { RefusedError } from '../../../db/core/errors';
import { invocation } from '../../../db/core/invocation';
import { type DeletionResult, DeletionRightsError, deleteRows } from '../../../db/upkeep/delete-rows';
import { type SeriesTable, tableNamed } from '../../database/tables';
import { onWriteConnection } from '../../database/write-connection';
import { nullable, nullableTime } from '../../http/common-schemas';
import type { ApiApp } from '../../http/instance';
import { ProblemError, problemResponses } from '../../http/problems';
import { currentInstant, timeText } from '../../http/time';
import type { RouteParts } from '../../parts';
import { deletionOf } from '../delete-rows';
import { keptSince } from '../plan/planner';
import { selectionQuery, tableParams } from './table-route';

const DeleteQuery = Type.Object(
  {
    from: Type.String({
      description: 'Start, inclusive: RFC 3339, or a date (UTC)',
      examples: ['2026-11-01'],
    }),
    to: Type.String({ description: 'End, exclusive: RFC 3339, or a date (UTC)', examples: ['2026-11-02'] }),
    where: selectionQuery.where,
    dry_run: Type.Optional(Type.Boolean({ default: false, description: 'Only counts' })),
  },
  { additionalProperties: false },
);

const time = (description: string) => Type.String({ format: 'date-time', description });

const DeleteAnswer = Type.Object({
  table: Type.String(),
  from: time('Start of the range, inclusive'),
  to: time('End of the range, exclusive'),
  dry_run: Type.Boolean(),
  deleted: Type.Integer({ description: 'Rows that were deleted; with dry_run, that would be' }),
  kept_since: nullableTime(
    'Set when retention has dropped rows of the range: those before this time. Aggregates keep what they hold of them',
  ),
  aggregates: Type.Array(
    Type.Object({
      aggregate: Type.String(),
      buckets: Type.Integer({ description: 'Stored buckets that were computed again without the rows' }),
      from: nullableTime('Start of the first of them; null when there is none'),
      to: nullableTime('End of the last of them'),
      kept: Type.Unsafe<{ buckets: number; from: string; to: string } | null>({
        type: 'object',
        nullable: true,
        required: ['buckets', 'from', 'to'],
        properties: { buckets: Type.Integer(), from: Type.String(), to: Type.String() },
        description:
          'Buckets of the range that were stale before, and stay as they are, because source rows of them are gone; null when there is none',
      }),
      unsettled: nullable(
        'string',
        'Why answers still call these buckets stale until the next refresh, although they are right; null when they do not',
      ),
    }),
    { description: 'Every aggregate on the table, each after the one that it reads' },
  ),
});

/** Adds `DELETE /api/series/:table`. */
export function deleteRoute(app: ApiApp, parts: RouteParts): void {
  const { database, freshness, tables } = parts;
  // Each deletion locks the aggregates that it computes again.
  let isBusy = false;
  app.delete(
    '/api/series/:table',
    {
      config: { access: 'admin' },
      schema: {
        tags: ['series'],
        operationId: 'delete-rows',
        summary: 'Deletes rows of a table, and what every aggregate holds of them',
        description:
          'Rows and aggregates change in one transaction. Nothing is deleted when an aggregate cannot be computed again without losing other rows. The same request again deletes nothing more. One deletion runs at a time.',
        params: tableParams(tables),
        querystring: DeleteQuery,
        response: { 200: DeleteAnswer, ...problemResponses },
      },
    },
    async (request, reply) => {
      const table = tableNamed(tables, request.params.table);
      const { dry_run: dryRun = false, ...asked } = request.query;
      const { deletion, range } = deletionOf(table, { ...asked, dryRun });
      if (isBusy)
        throw new ProblemError(
          'too-many-requests',
          'Another deletion is running; nothing was deleted, try again',
        );
      isBusy = true;
      void reply.header('cache-control', 'no-store');
      const log = audit(request, table);
      try {
        const engine = await database.engine();
        const result = await onWriteConnection(database.keys, async (db) => {
          log('rows are being deleted');
          return deleteRows(db, engine, deletion).catch(explained);
        });
        log('rows were deleted', {
          rows: result.rows,
          unsettled: result.aggregates.flatMap((one) => one.unsettled ?? []),
        });
        freshness.forget();
        return {
          table: table.name,
          from: timeText(range.from),
          to: timeText(range.to),
          dry_run: dryRun,
          deleted: result.rows,
          kept_since: keptSince({ relation: table.hypertable }, range, currentInstant()),
          aggregates: result.aggregates.map(shown),
        };
      } finally {
        isBusy = false;
      }
    },
  );
}

/** Writes who deletes what into the log. A dry run is no deletion. */
const audit =
  ({ log, id, keyId, query }: FastifyRequest, { name }: SeriesTable) =>
  (message: string, more: object = {}): void => {
    const { dry_run: dryRun } = query as { dry_run?: boolean };
    if (dryRun !== true) log.info({ requestId: id, key: keyId, table: name, asked: query, ...more }, message);
  };

const shown = ({ aggregate, kept, ...one }: DeletionResult['aggregates'][number]) => ({
  ...one,
  aggregate: aggregate.replace(/^public\./, ''),
  kept: kept && { buckets: kept.buckets, from: kept.from, to: kept.to },
});

const QUERY_CANCELED = '57014';
const LOCK_NOT_AVAILABLE = '55P03';

function explained(error: unknown): never {
  const cause = { cause: error };
  if (error instanceof DeletionRightsError) throw new ProblemError('rights-missing', error.message, cause);
  if (error instanceof RefusedError) throw new ProblemError('deletion-refused', error.message, cause);
  const { code } = (error ?? {}) as { readonly code?: unknown };
  if (code === QUERY_CANCELED)
    throw new ProblemError(
      'database-timeout',
      `The deletion was stopped by its time limit and nothing was deleted; choose a shorter range, or run "${invocation('delete')}", which has none`,
      cause,
    );
  if (code === LOCK_NOT_AVAILABLE)
    throw new ProblemError(
      'database-timeout',
      'The table or an aggregate on it is in use, for example by a refresh; nothing was deleted, try again later',
      cause,
    );
  throw error;
}
