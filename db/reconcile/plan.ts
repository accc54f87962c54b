// Makes a plan: it reads the catalog, compares it with the declaration, and computes a fingerprint of the result.
import { createHash } from 'node:crypto';
import { UsageError } from '../core/errors';
import { invocation } from '../core/invocation';
import { counted } from '../core/quantities';
import { kindsOf } from '../engines/engines';
import { type Desired, relationsOf } from '../language/desired';
import { nameOf } from '../language/names';
import { requireLintFree } from '../lint/lint';
import {
  type Db,
  dialectOf,
  type Findings,
  type Plan,
  type PlanDb,
  type PlanOptions,
  type ServerInfo,
  type Step,
} from '../model';
import { LOCK_IS_HELD, withRollback } from '../server/connection';
import { withRetry } from '../server/retry';
import { hasTimescaledb, readServer } from '../server/server-info';
import { openSpellings, type SpellingMemory } from '../server/spellings';
import { lockWarnings } from './lock-estimate';
import { RESTORE, readPaused } from './pause';
import { tryDeclared } from './try-declared';
import { tryOut } from './try-steps';

// Only a lock or a change at the same moment makes a plan begin again. All pauses together take about two seconds.
const ATTEMPTS = 5;

/**
 * Plans how to make the database as declared. Changes nothing.
 * @throws UsageError when the declaration is wrong; RefusedError when it is impossible on this server.
 */
export async function makePlan(db: Db, desired: Desired, options: PlanOptions = {}): Promise<Plan> {
  return (await planWithMemory(db, desired, options)).plan;
}

/** Like `makePlan`, with the memory of spellings that it used. An apply extends that memory when the plan found nothing to do. */
export async function planWithMemory(
  db: Db,
  desired: Desired,
  options: PlanOptions = {},
): Promise<{ readonly plan: Plan; readonly spellings: SpellingMemory }> {
  requireLintFree(desired);
  return withRetry(() => planOnce(db, desired, options), { attempts: ATTEMPTS });
}

function planOnce(
  db: Db,
  desired: Desired,
  options: PlanOptions,
): Promise<{ readonly plan: Plan; readonly spellings: SpellingMemory }> {
  // All reads see the same snapshot. They are rolled back, because comparing creates temporary objects and tries out renames.
  return withRollback(db, async () => {
    const server = await readServer(db);
    // What a plan creates is temporary or rolled back, and Citus would create it on every node.
    if (server.engine === 'citus') await db.query('SET LOCAL citus.enable_ddl_propagation TO off');
    const { tables, functions } = desired;
    const spellings = await openSpellings(db, [...tables, ...functions, ...relationsOf(desired)].map(nameOf));
    const query = db.query.bind(db) as Db['query'];
    const reading: PlanDb = { query, server, extension: await hasTimescaledb(db), spellings };
    const found: Partial<Findings>[] = [];
    for (const kind of kindsOf(server.engine, options)) {
      const findings = kind.compare(desired, await kind.read(reading, desired));
      if (kind.runsWhilePlanning) await tryOut(db, findings.steps ?? []);
      found.push(findings);
    }
    const all = <K extends keyof Findings>(key: K): Findings[K][number][] =>
      found.flatMap((findings) => [...(findings[key] ?? [])]);
    const compared = { steps: all('steps'), refusals: all('refusals') };
    const findings: Findings = {
      steps: [...(await restoringSteps(db)), ...compared.steps],
      refusals: [...compared.refusals, ...(await tryDeclared(db, desired, compared))],
      emulated: all('emulated'),
      unavailable: all('unavailable'),
      undeclared: all('undeclared'),
      warnings: [
        ...all('warnings'),
        ...(await lockWarnings(db, { engine: server.engine, desired, steps: compared.steps })),
      ],
    };
    const plan: Plan = {
      version: 1,
      server,
      fingerprint: fingerprint(server, findings),
      ...(options.prune ? { prune: true } : {}),
      ...findings,
    };
    return { plan, spellings };
  });
}

/** Whether the database is as declared. */
export function inSync(plan: Plan): boolean {
  return plan.steps.length === 0 && plan.refusals.length === 0;
}

/**
 * Reads a saved plan.
 * @throws UsageError when the text is not a plan of this version.
 */
export function parsePlan(text: string, source: string): Plan {
  let plan: Partial<Plan>;
  try {
    plan = JSON.parse(text) as Partial<Plan>;
  } catch (error) {
    throw new UsageError(`${source} is not a saved plan: ${(error as Error).message}`, { cause: error });
  }
  if (plan?.version !== 1 || typeof plan.fingerprint !== 'string') {
    throw new UsageError(
      `${source} is not a plan of this version; make one with "${invocation(`plan --out ${source}`)}"`,
    );
  }
  return plan as Plan;
}

const RESTORE_JOBS = 'restore-jobs:tsdb';

// Jobs that are paused although no apply is running were left paused by an apply that was killed.
async function restoringSteps(db: Db): Promise<readonly Step[]> {
  const { engine, jobs } = await readPaused(db);
  if (jobs.length === 0) return [];
  const { rows } = await db.query<{ held: boolean }>(`SELECT ${LOCK_IS_HELD} AS held`);
  if (rows[0]?.held) return [];
  const step: Step = {
    id: RESTORE_JOBS,
    object: 'tsdb',
    action: 'run',
    summary: `restore ${counted(jobs.length, 'job')} that an interrupted apply left paused (${jobs.join(', ')})`,
    sql: [RESTORE[dialectOf(engine)]],
    transactional: true,
    lock: 'none',
    hazards: [],
  };
  return [step];
}

// Two plans with the same fingerprint do the same in the same database. The step that restores jobs is left out, because every
// apply restores them before it plans, so its own plan never has that step. Figures are left out, because they change by themselves.
function fingerprint(server: ServerInfo, { steps, refusals }: Findings): string {
  const essence = [
    server.engine,
    server.database,
    steps
      .filter(({ id }) => id !== RESTORE_JOBS)
      .map(({ id, sql, hazards }) => [id, sql, hazards.map((hazard) => hazard.name)]),
    refusals.map(({ object, what }) => [object, what]),
  ];
  return createHash('sha256').update(JSON.stringify(essence)).digest('hex');
}
