// Reads the status: whether the schema is as declared, jobs run and aggregates are fresh, and how much is stored.

import { readChunks, readCompression, savedPercent, type TableCompression } from '../engines/chunks';
import { type AggregateHealth, type JobHealth, readJobs, readWatermarks } from '../engines/health';
import { INTERNALS_STEP } from '../kinds/internals';
import { type Desired, relationsOf } from '../language/desired';
import { nameOf } from '../language/names';
import type { Db, EngineName, ServerInfo } from '../model';
import { inSync, makePlan } from '../reconcile/plan';
import { type Ask, asking } from '../server/ask';
import { explainJobs } from './overflow';

/** Storage of a table, or of the stored buckets of an aggregate. */
export interface TableStorage extends TableCompression {
  /** Its whole size on disk. */
  readonly bytes: number;
  /** How much smaller the compressed chunks are; null when there are none. */
  readonly savedPercent: number | null;
}

export interface Status {
  readonly version: 1;
  readonly server: ServerInfo;
  readonly inSync: boolean;
  /** Number of steps and refusals that `tsdb plan` shows. */
  readonly differences: number;
  /** The warnings of the plan, e.g. of a job that deletes rows of an object that is not declared any more. */
  readonly warnings: readonly string[];
  readonly jobs: readonly JobHealth[];
  readonly aggregates: readonly AggregateHealth[];
  /** Tables first, then aggregates, as declared; empty before the first apply. */
  readonly storage: readonly TableStorage[];
}

/** Reads the state; changes nothing. */
export async function readStatus(db: Db, desired: Desired): Promise<Status> {
  const plan = await makePlan(db, desired);
  const created = !plan.steps.some((step) => step.id === INTERNALS_STEP && step.action === 'create');
  return {
    version: 1,
    server: plan.server,
    inSync: inSync(plan),
    differences: plan.steps.length + plan.refusals.length,
    warnings: plan.warnings,
    ...(created
      ? await readFigures(asking(db), plan.server.engine, desired)
      : { jobs: [], aggregates: [], storage: [] }),
  };
}

/** Whether nobody has to look at it: there is no drift, and every job does its work. */
export function isHealthy(status: Status): boolean {
  return status.inSync && status.jobs.every(({ state }) => state === 'ok' || state === 'not-run-yet');
}

async function readFigures(
  ask: Ask,
  engine: EngineName,
  desired: Desired,
): Promise<Pick<Status, 'jobs' | 'aggregates' | 'storage'>> {
  const names = relationsOf(desired).map(nameOf);
  const jobs = await explainJobs(ask, engine, desired, await readJobs(ask, engine, names));
  const aggregates = await readWatermarks(ask, engine, names);
  // Only the totals are needed, so no chunks are requested.
  const sizes = new Map((await readChunks(ask, engine, names, 0)).map(({ table, bytes }) => [table, bytes]));
  const storage = (await readCompression(ask, engine, names)).map((compression) => ({
    ...compression,
    bytes: sizes.get(compression.table) ?? 0,
    savedPercent: savedPercent(compression),
  }));
  return { jobs, aggregates, storage };
}
