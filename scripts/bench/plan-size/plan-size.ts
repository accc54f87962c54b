// npm run bench:plan-size [tables] [chunks]: how long planning takes for many objects, and for a table of many chunks. Everything in
// one run; figures of two runs must not be compared.
import { desiredFrom } from '../../../db/language/desired';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import { processEnvironment } from '../../../db/server/config';
import { withConnection } from '../../../db/server/connection';
import { connectionUrl, readContext } from '../../context';
import { note, print, table } from '../../output';
import { runner } from '../../run-to-exit';
import { type UseDatabase, withDatabases } from '../databases';
import { readMachine } from '../machine';
import { counted, machineLine, medianOf, number, spreadOf } from '../report/format';
import { benchServers } from '../servers';
import { bigSet } from './big-set';
import { createChunks, createObjects, measurePlan, type PlanFigures } from './plans';

const RUNS = 7;
const MOST_STATEMENTS = 45;
// Attaching a partition takes longer the more there are: 10,000 take minutes, during which nothing is measured.
const MOST_PARTITIONS = 1_000;

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
        const count = engine !== 'timescaledb' ? Math.min(chunks, MOST_PARTITIONS) : chunks;
        print(
          table(
            ['plan of', 'median', 'spread', 'budget', 'statements', 'printing', 'reading', 'comparing'],
            [
              line(`${objects}, nothing there yet`, first),
              line(`${objects}, in sync`, inSync, 1_500),
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
    const first = await measurePlan(url, desiredFrom([bigSet(tables)]), RUNS);
    note(`creating ${counted(3 * tables, 'object')}`);
    const { desired, engine } = await createObjects(url, tables);
    const inSync = await measurePlan(url, desired, RUNS);
    await withConnection(url, (db) => db.query('DELETE FROM tsdb.spelling'));
    return { engine, first, inSync, forgotten: await measurePlan(url, desired, RUNS) };
  });
}

/** One table with a chunk for each of so many days, and one row in each. */
function planChunks(use: UseDatabase, chunks: number): Promise<PlanFigures> {
  return use('chunks', async (url) => {
    const { desired, engine } = await createObjects(url, 1);
    note(`creating ${counted(chunks, 'chunk')}`);
    await createChunks(url, engine, chunks);
    return measurePlan(url, desired, RUNS);
  });
}

void runner.untilSignal((signal) =>
  main(Number(process.argv[2] ?? 300), Number(process.argv[3] ?? 10_000), signal),
);
