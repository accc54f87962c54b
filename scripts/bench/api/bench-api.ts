// npm run bench:api [pairs] [seconds]: what the API costs beside a bare handler with the same SQL, and what the hourly aggregate
// saves over a year. Everything in one run on one server; figures of two runs must not be compared.
import { aggregateQuery } from '../../../db/language/aggregate-sql';
import { freePort } from '../../../db/local/free-port';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import { sensorDataHourly } from '../../../db/schema/iot';
import { processEnvironment } from '../../../db/server/config';
import { withConnection } from '../../../db/server/connection';
import { connectionUrl, readContext } from '../../context';
import { note, print, table } from '../../output';
import { runner } from '../../run-to-exit';
import { withDatabases } from '../databases';
import { readMachine } from '../machine';
import { counted, machineLine, spreadOf } from '../report/format';
import { type Measured, summarize } from '../report/statistics';
import { benchServers } from '../servers';
import { prepareYear } from '../year';
import { apiSettings, measureApi } from './api-overhead';
import { withProcesses } from './processes';

const YEAR = { days: 365, sensors: 3, intervalSeconds: 60 };
const YEAR_REQUESTS = 200;

async function main(pairs: number, seconds: number, signal: AbortSignal): Promise<number> {
  const env = processEnvironment();
  const control = { signal, onNote: note };
  const start = benchServers(connectionUrl(readContext().config), env, note)[0];
  const server = await start?.();
  if (server === undefined) return 1;
  try {
    await withDatabases(server.url, control, (use) =>
      use('api', async (url) => {
        await prepareYear(url, { ...YEAR, ...control });
        const report = await measureApi(url, { repeat: pairs, seconds, env, ...control });
        print(`${describeServer(await serverFacts(url), server.origin)}; ${machineLine(readMachine())}`);
        print(
          `\n${report.question}, ${counted(report.connections, 'connection')}, ${counted(pairs, 'pair')} of ${seconds} s`,
        );
        printFigures({ API: report.api, 'bare handler': report.bareHandler, ratio: report.ratio });
        await printYear(url);
      }),
    );
  } finally {
    await server.stop();
  }
  return 0;
}

const printFigures = (figures: Readonly<Record<string, Measured>>): void =>
  print(
    table(
      ['', 'median', 'spread'],
      Object.entries(figures).map(([name, measured]) => [name, ...spreadOf(measured)]),
    ),
  );

/** Latency of the hourly endpoint over a year, and of the same buckets computed from raw rows. */
async function printYear(url: string): Promise<void> {
  const port = await freePort();
  const settings = { env: processEnvironment(), own: apiSettings(url, port) };
  const [through, rows] = await withProcesses([{ name: 'api-process' }], settings, async () => {
    const address = `http://127.0.0.1:${port}/api/sensors/sensor_001/hourly?period=1y`;
    let count = 0;
    const times = await timed(YEAR_REQUESTS, async () => {
      count = ((await (await fetch(address)).json()) as { count: number }).count;
    });
    return [times, count] as const;
  });
  const where = `sensor_id = 'sensor_001'`;
  await withConnection(url, async (db) => {
    print(`\nhourly of a year (${counted(rows, 'row')} of one sensor)`);
    printFigures({
      'API, whole answer': through,
      'SQL on the aggregate': await timed(30, () =>
        db.query(`SELECT * FROM public.sensor_data_hourly WHERE ${where}`),
      ),
      'SQL on the raw rows': await timed(15, () => db.query(aggregateQuery(sensorDataHourly, where))),
    });
  });
}

/** Milliseconds of each run; the first few are thrown away. */
async function timed(runs: number, work: () => Promise<unknown>): Promise<Measured> {
  const times: number[] = [];
  for (let run = -5; run < runs; run += 1) {
    const started = performance.now();
    await work();
    if (run >= 0) times.push(performance.now() - started);
  }
  return summarize(times, 'ms');
}

void runner.untilSignal((signal) => main(Number(process.argv[2] ?? 9), Number(process.argv[3] ?? 5), signal));
