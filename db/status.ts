// The running state: is the schema as declared, do jobs run, are aggregates fresh.
import { nameOf } from './define';
import { readHealth } from './engines/health';
import type { Db, Desired, ServerInfo } from './model';
import { inSync, makePlan } from './plan';

export interface JobHealth {
  readonly id: number;
  readonly job: string;
  /** `late`: due for more than its own schedule and at least ten minutes. */
  readonly state: 'ok' | 'failing' | 'late' | 'paused' | 'not-run-yet';
  readonly lastFinished: string | null;
  readonly nextStart: string | null;
  readonly error: string | null;
}

export interface AggregateHealth {
  readonly aggregate: string;
  /** Up to where buckets are stored; null before the first refresh. */
  readonly watermark: string | null;
}

export interface Status {
  readonly version: 1;
  readonly server: ServerInfo;
  readonly inSync: boolean;
  /** Number of steps and refusals that `tsdb plan` shows. */
  readonly differences: number;
  readonly jobs: readonly JobHealth[];
  readonly aggregates: readonly AggregateHealth[];
}

/** Reads the state; changes nothing. */
export async function readStatus(db: Db, desired: Desired): Promise<Status> {
  const plan = await makePlan(db, desired);
  const created = !plan.steps.some((step) => step.id === 'internals:tsdb' && step.action === 'create');
  const names = [...desired.hypertables, ...desired.aggregates].map(nameOf);
  const health = created ? await readHealth(db, plan.server.engine, names) : { jobs: [], aggregates: [] };
  return {
    version: 1,
    server: plan.server,
    inSync: inSync(plan),
    differences: plan.steps.length + plan.refusals.length,
    ...health,
  };
}

/** Whether anything needs a person: drift, or a job that does not do its work. */
export function isHealthy(status: Status): boolean {
  return status.inSync && status.jobs.every(({ state }) => state === 'ok' || state === 'not-run-yet');
}
