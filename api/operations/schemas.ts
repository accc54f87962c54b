// The shapes of what the operations endpoints answer.
import { type TSchema, Type } from '@fastify/type-provider-typebox';
import type { JobHealth } from '../../db/engines/health';
import type { Step } from '../../db/model';
import { choice, nullable, nullableTime } from '../http/common-schemas';
import { FRESHNESS_STATES } from './staleness';

const JOB_STATES = ['ok', 'failing', 'late', 'paused', 'not-run-yet'] as const satisfies JobHealth['state'][];
const ACTIONS = ['create', 'change', 'drop', 'run'] as const satisfies Step['action'][];

const listOf = <S extends TSchema>(member: S, description: string) => Type.Array(member, { description });

const Table = Type.String({ description: 'Public name of a hypertable or aggregate' });

/** `GET /api/operations/chunks` */
export const ChunkList = Type.Object({
  tables: listOf(
    Type.Object({
      table: Table,
      bytes: Type.Integer({
        description:
          'All that it takes on disk, with indexes, chunks that are not listed, and rows outside of chunks',
      }),
      total: Type.Integer({ description: 'How many chunks it has; more than are listed when `limit` cuts' }),
      chunks: listOf(
        Type.Object({
          name: Type.String({ description: 'Name of the chunk with its PostgreSQL schema' }),
          from: nullableTime('Inclusive start of its range; null = unbounded'),
          to: nullableTime('Exclusive end of its range; null = unbounded'),
          bytes: nullable('integer', 'On disk, with indexes; null when it was dropped just now'),
          compressed: Type.Boolean({ description: 'Whether it is in the columnstore' }),
        }),
        'Newest first. Aggregates on plain PostgreSQL have none',
      ),
    }),
    'Hypertables, then aggregates, as declared',
  ),
});

/** `GET /api/operations/compression` */
export const CompressionList = Type.Object({
  available: Type.Boolean({ description: 'Whether the engine has a columnstore' }),
  tables: listOf(
    Type.Object({
      table: Table,
      chunks: Type.Integer(),
      compressed_chunks: Type.Integer(),
      before_bytes: nullable(
        'integer',
        'Of the compressed chunks before they were converted; null = unknown',
      ),
      after_bytes: nullable(
        'integer',
        'Of the compressed chunks when they had been converted; null = unknown',
      ),
      saved_percent: nullable(
        'number',
        'How much smaller they are; negative when they grew, null when there are none',
      ),
    }),
    'Hypertables, then aggregates, as declared',
  ),
});

/** `GET /api/operations/jobs` */
export const JobList = Type.Object({
  jobs: listOf(
    Type.Object({
      id: Type.Integer(),
      job: Type.String({
        description: 'What it does to what: `refresh of public.sensor_data_hourly`',
      }),
      state: choice(JOB_STATES, { description: 'late = due for longer than its own schedule' }),
      last_finished: nullableTime('End of the last run; on TimescaleDB of the last successful one'),
      next_start: nullableTime('When it is due'),
      error: nullable('string', 'Of the last run, when it failed and the login may see it'),
    }),
    'In the order in which they were added',
  ),
});

/** `GET /api/operations/aggregates` */
export const AggregateList = Type.Object({
  aggregates: listOf(
    Type.Object({
      aggregate: Type.String({ description: 'Public name' }),
      watermark: nullableTime('Time up to which buckets are stored; null while no complete bucket is stored'),
      age_seconds: nullable('integer', 'How long ago that is; null while no complete bucket is stored'),
      every: Type.String({ description: 'Declared schedule of its refresh: `1 hour`' }),
      real_time: Type.Boolean({ description: 'Whether queries also see rows after the watermark' }),
      state: choice(FRESHNESS_STATES, {
        description:
          'stale = the watermark is older than the end offset of the refresh, two schedules and a bucket together: refreshes are missing, or no rows arrive. never = no complete bucket is stored yet',
      }),
    }),
    'Sources before what is built on them',
  ),
});

/** `GET /api/operations/drift` */
export const DriftReport = Type.Object({
  checked_at: Type.String({
    format: 'date-time',
    description: 'When the comparison ended; it is kept for 30 s',
  }),
  in_sync: Type.Boolean({ description: 'Whether the database is as declared' }),
  steps: listOf(
    Type.Object({
      object: Type.String({ description: 'With its PostgreSQL schema' }),
      action: choice(ACTIONS),
      summary: Type.String(),
    }),
    'What "tsdb apply" would do',
  ),
  refusals: listOf(
    Type.Object({
      object: Type.String(),
      what: Type.String(),
      why: Type.String(),
      way_out: Type.String(),
    }),
    'Differences that are not repaired',
  ),
});
