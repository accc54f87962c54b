// npm run bench:plan-size [tables] [chunks]: how long planning takes for many objects, and for a table of many chunks. Everything in
// one run; figures of two runs must not be compared.
import { type Desired, desiredFrom } from '../../../db/language/desired';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import type { EngineName } from '../../../db/model';
import { applySchema } from '../../../db/reconcile/apply';
import { makePlan } from '../../../db/reconcile/plan';
import { processEnvironment } from '../../../db/server/config';
import { withConnection } from '../../../db/server/connection';
import { connectionUrl, readContext } from '../../context';
import { note, print, table } from '../../output';
import { runner } from '../../run-to-exit';
import { type UseDatabase, withDatabases } from '../databases';
import { readMachine } from '../machine';
import { counted, machineLine, medianOf, number, spreadOf } from '../report/format';
import { type Measured, summarize } from '../report/statistics';
import { benchServers } from '../servers';
import { pauseAllJobs } from '../year';
import { bigSet } from './big-set';

const RUNS = 7;
const MOST_STATEMENTS = 45;
// Attaching a partition takes longer the more there are: 10,000 take minutes, during which nothing is measured.
const MOST_PARTITIONS = 1_000;

interface PlanFigures {
  readonly total: Measured;
  readonly statements: number;
  /** Milliseconds of the temporary objects that print the declaration, and of all other statements. */
  readonly printing: Measured;
  readonly reading: Measured;
  /** Milliseconds of this program itself. */
  readonly comparing: Measured;
}

async function main(tables: number, chunks: number, signal: AbortSignal): Promise<number> {
  const control = { signal, onNote: note };
  for (const start of benchServers(connectionUrl(readContext().config), processEnvironment(), note)) {
    const server = await start();
    try {
      await withDatabases(server.url, control, async (use) => {
        print(
          `${describeServer(await serverFacts(server.url), server.origin)}; ${machineLine(readMachine())}`,
        );
        const objects = `${tables} + ${2 * tables}`;
        const { first, inSync, forgotten, engine } = await planObjects(use, tables);
        const count = engine === 'postgres' ? Math.min(chunks, MOST_PARTITIONS) : chunks;
        print(
          table(
            ['plan of', 'median', 'spread', 'budget', 'statements', 'printing', 'reading', 'comparing'],
            [
              line(`${objects}, nothing there yet`, first),
              line(`${objects}, in sync`, inSync, 2_000),
              line(`${objects}, in sync, nothing remembered`, forgotten),
              line(`1 + 2 with ${counted(count, 'chunk')}, in sync`, await planChunks(use, count), 1_000),
            ],
          ),
        );
      });
    } finally {
      await server.stop();
    }
  }
  return 0;
}

function line(what: string, { total, statements, ...parts }: PlanFigures, most?: number): string[] {
  const met = most !== undefined && total.median <= most && statements <= MOST_STATEMENTS;
  return [
    what,
    ...spreadOf(total),
    most === undefined ? '' : `${number(most)} ms, ${MOST_STATEMENTS}: ${met ? 'met' : 'not met'}`,
    String(statements),
    ...[parts.printing, parts.reading, parts.comparing].map(medianOf),
  ];
}

/** Many hypertables, each with two aggregates. */
function planObjects(use: UseDatabase, tables: number) {
  return use('plan', async (url) => {
    const desired = desiredFrom([bigSet(tables)]);
    const first = await measurePlan(url, desired);
    note(`creating ${counted(3 * tables, 'object')}`);
    const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 0 });
    const { engine } = plan.server;
    await withConnection(url, (db) => pauseAllJobs(db, engine));
    const inSync = await measurePlan(url, desired);
    await withConnection(url, (db) => db.query('DELETE FROM tsdb.spelling'));
    return { engine, first, inSync, forgotten: await measurePlan(url, desired) };
  });
}

/** One table with a chunk for each of so many days, and one row in each. */
function planChunks(use: UseDatabase, chunks: number): Promise<PlanFigures> {
  return use('chunks', async (url) => {
    const desired = desiredFrom([bigSet(1)]);
    const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 0 });
    note(`creating ${counted(chunks, 'chunk')}`);
    await withConnection(url, async (db) => {
      await pauseAllJobs(db, plan.server.engine);
      for (let day = 0; day < chunks; day += 500)
        await db.query(CHUNKS[plan.server.engine], [chunks - day, Math.max(chunks - day - 500, 0) + 1]);
      await db.query('ANALYZE');
    });
    return measurePlan(url, desired);
  });
}

// From $1 to $2 days ago.
const CHUNKS: Readonly<Record<EngineName, string>> = {
  timescaledb: `INSERT INTO big.metric_1 SELECT now() - d * interval '1 day', 'd', 1, 2 FROM generate_series($1::int, $2::int, -1) d`,
  postgres: `WITH made AS (SELECT tsdb.ensure_chunks('big', 'metric_1', now() - $1::int * interval '1 day', now() - $2::int * interval '1 day'))
             SELECT * FROM made`,
};

/** Plans some times, after one plan that is thrown away. */
async function measurePlan(url: string, desired: Desired): Promise<PlanFigures> {
  const runs: Record<Part, number>[] = [];
  let statements = 0;
  await withConnection(url, async (client) => {
    for (let run = 0; run <= RUNS; run += 1) {
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

void runner.untilSignal((signal) =>
  main(Number(process.argv[2] ?? 300), Number(process.argv[3] ?? 10_000), signal),
);
