// The running state: is the schema as declared, do jobs run, are aggregates fresh.
import { nameOf } from './define';
import { type AggregateHealth, type JobHealth, readHealth } from './engines/health';
import type { Db, Desired, ServerInfo } from './model';
import { inSync, makePlan } from './plan';

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
