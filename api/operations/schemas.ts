// The answers of the operations endpoints.
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
          'Total size on disk, including indexes, chunks that are not listed, and rows outside of chunks',
      }),
      total: Type.Integer({ description: 'Number of its chunks; `limit` may list fewer' }),
      chunks: listOf(
        Type.Object({
          name: Type.String({ description: 'Name of the chunk with its PostgreSQL schema' }),
          from: nullableTime('Inclusive start of its range; null = unbounded'),
          to: nullableTime('Exclusive end of its range; null = unbounded'),
          bytes: nullable('integer', 'Size on disk with indexes; null when the chunk was just dropped'),
          compressed: Type.Boolean({ description: 'Whether it is in the columnstore' }),
        }),
        'Newest first. Aggregates on plain PostgreSQL have none',
      ),
    }),
    'Hypertables first, then aggregates, in the declared order',
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
      before_bytes: nullable('integer', 'Size of the compressed chunks before compression; null = unknown'),
      after_bytes: nullable('integer', 'Size of the compressed chunks after compression; null = unknown'),
      saved_percent: nullable(
        'number',
        'How much smaller the compressed chunks are; negative when they grew, null when there are none',
      ),
    }),
    'Hypertables first, then aggregates, in the declared order',
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
      state: choice(JOB_STATES, { description: 'late = overdue by more than its own schedule interval' }),
      last_finished: nullableTime('End of the last run; on TimescaleDB of the last successful run'),
      next_start: nullableTime('When the job is due'),
      error: nullable('string', 'Error of the last run, if it failed and the login may see the error'),
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
    'Each aggregate after the aggregates that it reads',
  ),
});

/** `GET /api/operations/drift` */
export const DriftReport = Type.Object({
  checked_at: Type.String({
    format: 'date-time',
    description: 'When the comparison ended; its result is kept for 30 s',
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
    'Differences that "tsdb apply" does not repair',
  ),
});
