// npm run bench:load [answers] [rounds] [--json]: what many large answers at once do to the API. While they are prepared and read,
// probes ask for `/health/live` and for a small answer.
import type { ChildProcess } from 'node:child_process';
import { freePort } from '../../../db/local/free-port';
import { describeServer, serverFacts } from '../../../db/local/server-facts';
import { processEnvironment } from '../../../db/server/config';
import { connectionUrl, readContext } from '../../context';
import { note, print, printJson, table } from '../../output';
import { runner } from '../../run-to-exit';
import { apiSettings } from '../api/api-overhead';
import { nextMessage, withProcesses } from '../api/processes';
import { residentBytes } from '../child-process';
import { withDatabases } from '../databases';
import { readMachine } from '../machine';
import { bytes, count, counted, machineLine, number } from '../report/format';
import { percentile } from '../report/statistics';
import { benchServers } from '../servers';
import { prepareYear } from '../year';
import type { WaveOrder, WaveResult } from './load-answers';
import type { ProbeOrder, ProbeResult } from './load-probes';
import type { Usage } from './usage';

const DAYS = 40;
const LARGE = '/api/sensors/sensor_001/raw?period=40d';
const LARGE_ROWS = DAYS * 24 * 60;
const SMALL = '/api/sensors/sensor_002/hourly?period=1d';
const LOOK_EVERY_MS = 10;
const WARM_UP_MS = 1_000;

/** The large answers that are compared: their query and the headers of the request. */
const CASES = [
  { name: 'JSON', query: '', headers: {} },
  { name: 'CSV', query: '&format=csv', headers: {} },
  { name: 'NDJSON', query: '&format=ndjson', headers: {} },
  { name: 'JSON, gzip accepted', query: '', headers: { 'accept-encoding': 'gzip' } },
] as const;

const BUDGETS = { healthP99: 250, delayP99: { one: 20, many: 100 }, growth: 100e6 } as const;

/** Milliseconds. */
interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
  readonly failed: number;
}

/** What one kind of large answers did to the server, over all rounds. */
interface LoadFigures {
  readonly answers: number;
  readonly rounds: number;
  readonly statuses: Readonly<Record<string, number>>;
  readonly bytes: number;
  /** Median time until all answers of a round were read, in milliseconds. */
  readonly milliseconds: number;
  readonly health: Latency;
  readonly small: Latency;
  readonly eventUsage: Usage;
  /** Resident memory of the process before the first round and at its highest; null where the system does not tell. */
  readonly memoryBefore: number | null;
  readonly memoryPeak: number | null;
}

async function main(
  { answers, rounds, json }: { answers: number; rounds: number; json: boolean },
  signal: AbortSignal,
): Promise<number> {
  const env = processEnvironment();
  const control = { signal, onNote: note };
  const server = await benchServers(connectionUrl(readContext().config), env, note)[0]?.();
  if (server === undefined) return 1;
  try {
    await withDatabases(server.url, control, (use) =>
      use('load', async (url) => {
        await prepareYear(url, { days: DAYS, sensors: 3, intervalSeconds: 60, ...control });
        const where = `${describeServer(await serverFacts(url), server.origin)}; ${machineLine(readMachine())}`;
        const found: Record<string, LoadFigures> = {};
        for (const [size, each] of [1, answers].entries())
          for (const { name, query, headers } of size === 0 ? CASES.slice(0, 1) : CASES) {
            const title = `${counted(each, 'answer')} at once, ${name}`;
            note(title);
            signal.throwIfAborted();
            found[title] = await measure(url, { answers: each, rounds, path: `${LARGE}${query}`, headers });
          }
        if (json) printJson({ where, large: LARGE, small: SMALL, budgets: BUDGETS, found });
        else printTable(where, found);
      }),
    );
  } finally {
    await server.stop();
  }
  return 0;
}

interface Load extends Omit<WaveOrder, 'url'> {
  readonly rounds: number;
  readonly path: string;
}

/** Measures on a process that is started for it, so that no case inherits the memory of another. */
async function measure(url: string, { answers, rounds, path, headers }: Load): Promise<LoadFigures> {
  const port = await freePort();
  const address = `http://127.0.0.1:${port}`;
  const programs = [
    { name: '../load/load-server' },
    { name: '../load/load-answers' },
    { name: '../load/load-probes' },
  ] as const;
  // An overloaded server would fill the terminal with what it refuses.
  const own = { ...apiSettings(url, port), LOG_LEVEL: 'error' };
  const settings = { env: processEnvironment(), own };
  return withProcesses(programs, settings, async (children) => {
    const [server, loader, prober] = children as [ChildProcess, ChildProcess, ChildProcess];
    const ask = <Answer>(child: ChildProcess, order: object): Promise<Answer> => {
      const answer = nextMessage<Answer>(child);
      child.send(order);
      return answer;
    };
    const probe = async (work: () => Promise<void>): Promise<ProbeResult> => {
      prober.send({ kind: 'start', urls: [`${address}/health/live`, address + SMALL] } satisfies ProbeOrder);
      await work();
      return ask<ProbeResult>(prober, { kind: 'stop' } satisfies ProbeOrder);
    };
    await probe(() => new Promise((done) => setTimeout(done, WARM_UP_MS)));
    await ask<Usage>(server, {});
    const memory = watchMemory(server.pid);
    const waves: WaveResult[] = [];
    const probes = await probe(async () => {
      for (let round = 0; round < rounds; round += 1)
        waves.push(await ask<WaveResult>(loader, { url: address + path, answers, headers }));
    });
    const eventUsage = await ask<Usage>(server, {});
    const [health, small] = probes.map(latencyOf) as [Latency, Latency];
    return {
      answers,
      rounds,
      statuses: sumOf(waves.map((wave) => wave.statuses)),
      bytes: waves.reduce((sum, wave) => sum + wave.bytes, 0),
      milliseconds: percentile(
        waves.map((wave) => wave.milliseconds),
        0.5,
      ),
      health,
      small,
      eventUsage,
      ...memory.stop(),
    };
  });
}

function watchMemory(pid: number | undefined) {
  const memoryBefore = residentBytes(pid);
  let memoryPeak = memoryBefore;
  const timer = setInterval(() => {
    const now = residentBytes(pid);
    if (now !== null && now > (memoryPeak ?? 0)) memoryPeak = now;
  }, LOOK_EVERY_MS);
  return {
    stop: () => {
      clearInterval(timer);
      return { memoryBefore, memoryPeak };
    },
  };
}

const latencyOf = ({ times, failed }: ProbeResult[number]): Latency => ({
  p50: percentile(times, 0.5),
  p95: percentile(times, 0.95),
  p99: percentile(times, 0.99),
  max: percentile(times, 1),
  failed,
});

function sumOf(parts: readonly Readonly<Record<string, number>>[]): Readonly<Record<string, number>> {
  const sum: Record<string, number> = {};
  for (const part of parts)
    for (const [name, value] of Object.entries(part)) sum[name] = (sum[name] ?? 0) + value;
  return sum;
}

function printTable(where: string, found: Readonly<Record<string, LoadFigures>>): void {
  print(where);
  print(`large: GET ${LARGE}; small: GET ${SMALL}; milliseconds p50 / p95 / p99 / longest\n`);
  print(
    table(
      [
        '',
        'health',
        'small answer',
        'event loop p99, longest',
        'CPU a row',
        'memory',
        'answers',
        'all read after',
      ],
      Object.entries(found).map(([title, figures]) => [title, ...cellsOf(figures)]),
    ),
  );
  print(
    `\nBudgets: health p99 ${BUDGETS.healthP99} ms; event loop p99 ${BUDGETS.delayP99.one} ms with one answer, ${BUDGETS.delayP99.many} ms with many; memory +${bytes(BUDGETS.growth)}`,
  );
}

function cellsOf(figures: LoadFigures): readonly string[] {
  const { health, small, eventUsage, memoryBefore, memoryPeak, statuses, milliseconds } = figures;
  const four = ({ p50, p95, p99, max, failed }: Latency): string =>
    `${[p50, p95, p99, max].map(number).join(' / ')}${failed > 0 ? `, ${failed} failed` : ''}`;
  return [
    four(health),
    four(small),
    `${number(eventUsage.p99)}, ${number(eventUsage.max)} ms`,
    // With what the probes cost, which is little.
    `${number((eventUsage.cpu * 1_000) / (figures.answers * figures.rounds * LARGE_ROWS))} µs`,
    memoryBefore === null || memoryPeak === null
      ? 'unknown'
      : `${bytes(memoryBefore)} +${bytes(memoryPeak - memoryBefore)}`,
    `${Object.entries(statuses)
      .map(([status, times]) => `${count(times)} × ${status}`)
      .join(', ')}; ${bytes(figures.bytes)}`,
    `${number(milliseconds)} ms`,
  ];
}

const [, , ...words] = process.argv;
const [answers = '20', rounds = '3'] = words.filter((word) => !word.startsWith('--'));
void runner.untilSignal((signal) =>
  main({ answers: Number(answers), rounds: Number(rounds), json: words.includes('--json') }, signal),
);
