// Names the rows that make a query overflow, in the problem that the client gets.
import type { FastifyRequest } from 'fastify';
import { invocation } from '../../db/core/invocation';
import { literal } from '../../db/core/sql';
import { sensorData } from '../../db/schema/iot';
import {
  ALL_ROWS,
  describeUncarriedRows,
  findUncarriedRows,
  type Stretch,
} from '../../db/server/uncarried-rows';
import { asks } from '../database/query';
import type { SeriesTable } from '../database/tables';
import { ProblemError } from '../http/problems';
import type { RangeParameters } from '../http/range';
import { currentInstant, timeText } from '../http/time';
import type { RouteParts } from '../parts';
import { resolveRange } from './request/ranges';

// Buckets are up to so much longer than the range that was asked for.
const WIDER = 32n * 86_400_000_000n;

/**
 * The problem with the table, the time and the series of the rows, as far as they can be found; otherwise the problem as it is.
 * Never throws.
 */
export async function explainOverflow(
  { tables, database }: Pick<RouteParts, 'tables' | 'database'>,
  request: FastifyRequest,
  problem: ProblemError,
): Promise<ProblemError> {
  const table = tableOf(tables, request);
  if (table === undefined) return problem;
  try {
    const ask = asks(database.reads);
    for (const stretch of [stretchOf(request.query as RangeParameters), ALL_ROWS])
      for (const source of [table.hypertable, ...table.aggregates]) {
        const found = await findUncarriedRows(ask, source, stretch).catch(() => undefined);
        if (found === undefined) continue;
        const { relation, rows, time, column, value, series, sql } = found;
        return new ProblemError(
          'stored-overflow',
          `A figure over the stored rows cannot be computed. ${describeUncarriedRows(found)}. Afterwards run "${invocation('refresh')}". Until then, ask for other series with where`,
          { cause: problem.cause, members: { relation, rows, time, column, value, series, sql } },
        );
      }
  } catch {
    // The range of the request is not valid, or the database has failed again.
  }
  return problem;
}

function tableOf(
  tables: ReadonlyMap<string, SeriesTable>,
  { params, url }: FastifyRequest,
): SeriesTable | undefined {
  const { table } = (params ?? {}) as { readonly table?: unknown };
  if (typeof table === 'string') return tables.get(table);
  return url.startsWith('/api/sensors') ? tables.get(sensorData.name) : undefined;
}

function stretchOf({ period, from, to }: RangeParameters): Stretch {
  const range = resolveRange(
    { ...(period && { period }), ...(from && { from }), ...(to && { to }) },
    currentInstant(),
  );
  const at = (instant: bigint): string => `${literal(timeText(instant))}::timestamptz`;
  return { from: at(range.from - WIDER), to: at(range.to + WIDER) };
}
