// Databases of many objects or many chunks, and how long the plan of their declaration takes.
import { type Desired, desiredFrom } from '../../../db/language/desired';
import { type Dialect, dialectOf, type EngineName } from '../../../db/model';
import { applySchema } from '../../../db/reconcile/apply';
import { makePlan } from '../../../db/reconcile/plan';
import { withConnection } from '../../../db/server/connection';
import { type Measured, summarize } from '../report/statistics';
import { pauseAllJobs } from '../year';
import { bigSet } from './big-set';

export interface PlanFigures {
  readonly total: Measured;
  readonly statements: number;
  /** Milliseconds of the temporary objects that print the declaration, and of all other statements. */
  readonly printing: Measured;
  readonly reading: Measured;
  /** Milliseconds of this program itself. */
  readonly comparing: Measured;
}

/** Creates so many hypertables, each with two aggregates, and pauses their jobs. */
export async function createObjects(
  url: string,
  tables: number,
): Promise<{ readonly desired: Desired; readonly engine: EngineName }> {
  const desired = desiredFrom([bigSet(tables)]);
  const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 0 });
  const { engine } = plan.server;
  await withConnection(url, (db) => pauseAllJobs(db, engine));
  return { desired, engine };
}

/** Gives the first table of `createObjects` a chunk for each of so many days, with one row in each. */
export async function createChunks(url: string, engine: EngineName, chunks: number): Promise<void> {
  await withConnection(url, async (db) => {
    for (let day = 0; day < chunks; day += 500)
      await db.query(CHUNKS[dialectOf(engine)], [chunks - day, Math.max(chunks - day - 500, 0) + 1]);
    await db.query('ANALYZE');
  });
}

// From $1 to $2 days ago.
const CHUNKS: Readonly<Record<Dialect, string>> = {
  timescaledb: `INSERT INTO big.metric_1 SELECT now() - d * interval '1 day', 'd', 1, 2 FROM generate_series($1::int, $2::int, -1) d`,
  postgres: `WITH made AS (SELECT tsdb.ensure_chunks('big', 'metric_1', now() - $1::int * interval '1 day', now() - $2::int * interval '1 day'))
             SELECT * FROM made`,
};

/** Plans so many times, after one plan that is thrown away. */
export async function measurePlan(url: string, desired: Desired, times: number): Promise<PlanFigures> {
  const runs: Record<Part, number>[] = [];
  let statements = 0;
  await withConnection(url, async (client) => {
    for (let run = 0; run <= times; run += 1) {
      const spent = { total: 0, printing: 0, reading: 0, comparing: 0 };
      statements = 0;
      const timed = async (part: Part, work: () => Promise<unknown>): Promise<unknown> => {
        const started = performance.now();
        try {
          return await work();
        } finally {
          spent[part] += performance.now() - started;
        }
      };
      const query = ((...args: Parameters<typeof client.query>) => {
        statements += 1;
        const part = /pg_temp\./.test(String(args[0])) ? 'printing' : 'reading';
        return timed(part, async () => client.query(...args));
      }) as typeof client.query;
      await timed('total', () => makePlan({ query }, desired));
      spent.comparing = spent.total - spent.printing - spent.reading;
      if (run > 0) runs.push(spent);
    }
  });
  const measured = (part: Part): Measured =>
    summarize(
      runs.map((run) => run[part]),
      'ms',
    );
  return {
    statements,
    total: measured('total'),
    printing: measured('printing'),
    reading: measured('reading'),
    comparing: measured('comparing'),
  };
}

type Part = 'total' | 'printing' | 'reading' | 'comparing';
