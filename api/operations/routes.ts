// The state of the platform: storage, jobs, aggregates, and drift from the declaration.
import { readJobs } from '../../db/engines/health';
import { nameOf } from '../../db/language/names';
import { asks } from '../database/query';
import { publicName } from '../database/tables';
import type { ApiApp } from '../http/instance';
import { plainRoute } from '../http/plain-route';
import type { RouteParts } from '../parts';
import { watchDrift } from './drift';
import { planNow } from './plan';
import { AggregateList, DriftReport, JobList } from './schemas';
import { lagOf } from './staleness';
import { storageRoutes } from './storage';

/** Adds `GET /api/operations/{chunks,compression,jobs,aggregates,drift}`. */
export function operationRoutes(app: ApiApp, parts: RouteParts): void {
  const { database, config, freshness } = parts;
  const { hypertables, aggregates } = config.desired;
  const names = [...hypertables, ...aggregates].map(nameOf);
  const ask = asks(database.reader);
  const drift = watchDrift(() => planNow(config));
  storageRoutes(app, parts);

  app.get(
    '/api/operations/jobs',
    plainRoute({
      tag: 'operations',
      operationId: 'jobs',
      summary: 'Jobs that refresh, compress and drop, and their state',
      answer: JobList,
    }),
    async () => {
      const jobs = await readJobs(ask, await database.engine(), names);
      return {
        jobs: jobs.map(({ id, job, state, lastFinished, nextStart, error }) => ({
          id,
          job,
          state,
          last_finished: lastFinished,
          next_start: nextStart,
          error,
        })),
      };
    },
  );

  app.get(
    '/api/operations/aggregates',
    plainRoute({
      tag: 'operations',
      operationId: 'aggregates',
      summary: 'How far the aggregates are behind',
      answer: AggregateList,
    }),
    async () => {
      const watermarks = await freshness.watermarks();
      const now = new Date();
      return {
        aggregates: aggregates.map((aggregate) => {
          const watermark = watermarks.get(nameOf(aggregate)) ?? null;
          const { ageSeconds, state } = lagOf(aggregate, watermark, now);
          const { realTime, refresh } = aggregate;
          return {
            aggregate: publicName(aggregate),
            watermark,
            age_seconds: ageSeconds,
            every: refresh.every,
            real_time: realTime,
            state,
          };
        }),
      };
    },
  );

  app.get(
    '/api/operations/drift',
    plainRoute({
      tag: 'operations',
      operationId: 'drift',
      summary: 'How the database differs from its declaration',
      answer: DriftReport,
      access: 'admin',
    }),
    async () => {
      const { checkedAt, inSync, steps, refusals } = await drift();
      return {
        checked_at: checkedAt,
        in_sync: inSync,
        steps: steps.map(({ object, action, summary }) => ({ object, action, summary })),
        refusals: refusals.map(({ object, what, why, wayOut }) => ({ object, what, why, way_out: wayOut })),
      };
    },
  );
}
