// What the quick benchmark measures, by the parts of the whole one and in small sizes: each function gives the ratios of one part.
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Environment } from '../../../db/core/settings';
import type { Desired } from '../../../db/language/desired';
import { sensorData } from '../../../db/schema/iot';
import { withConnection } from '../../../db/server/connection';
import { scripts } from '../../../package.json';
import { type Reader, withReaders } from '../api/readers';
import { childEnvironment, nodeCommand, timedProcess } from '../child-process';
import { convertOlder } from '../columnstore';
import { inTurns, type RunControl } from '../in-turns';
import { measureIngest } from '../ingest/ingest';
import { STAND_IN } from '../ingest/speeds';
import { measurePlan } from '../plan-size/plans';
import { counted, medianOf } from '../report/format';
import { summarize } from '../report/statistics';
import { benchSynth } from '../synth/synth';
import { prepareYear } from '../year';
import { besideBudget, besidePeer, type Ratio } from './lines';

export interface QuickRun extends RunControl {
  readonly env: Environment;
  readonly signal: AbortSignal;
  readonly sizes: Sizes;
}

/** How much is measured. */
export interface Sizes {
  /** Days of readings of one sensor, every two minutes. */
  readonly days: number;
  /** Days of the large answer. */
  readonly largeDays: number;
  readonly ingestRows: number;
  readonly tables: number;
  /** Measurements of what takes milliseconds, and of what takes seconds. */
  readonly rounds: { readonly short: number; readonly long: number };
}

export const SIZES: Readonly<Record<'usual' | 'tiny', Sizes>> = {
  usual: { days: 365, largeDays: 80, ingestRows: 80_000, tables: 200, rounds: { short: 40, long: 2 } },
  tiny: { days: 9, largeDays: 1, ingestRows: 300, tables: 1, rounds: { short: 1, long: 1 } },
};

const INTERVAL_SECONDS = 120;
const tsdb = nodeCommand(scripts.tsdb);

/** Fills a database with a year of readings, old ones in the columnstore. */
export async function prepareReads(url: string, run: QuickRun): Promise<void> {
  const { server } = await prepareYear(url, {
    days: run.sizes.days,
    sensors: 1,
    intervalSeconds: INTERVAL_SECONDS,
    ...run,
  });
  if (server.engine !== 'timescaledb' || sensorData.columnstore === undefined) return;
  const { after } = sensorData.columnstore;
  await withConnection(url, async (db) => {
    await convertOlder(db, sensorData, after, run);
    await db.query('ANALYZE');
  });
}

/** Answers of the API beside those of the bare handler. */
export function reads(url: string, { env, sizes, signal, onNote }: QuickRun): Promise<readonly Ratio[]> {
  const { largeDays, rounds } = sizes;
  const largeRows = counted((largeDays * 86_400) / INTERVAL_SECONDS, 'row');
  return withReaders(url, env, async (api, bare) => {
    const latency = async (
      named: { id: string; title: string },
      level: string,
      period: string,
      days: number,
    ) => {
      onNote(named.title);
      const [ours = [], times = []] = await inTurns({ rounds: rounds.short, signal }, [
        () => api.ask(`/api/sensors/sensor_001/${level}?period=${period}`),
        () => bare.ask(`/${level}?sensor=sensor_001&days=${days}`),
      ]);
      return besidePeer(named, ours, { name: 'bare handler', times });
    };
    const day = { id: 'raw-day', title: '1 raw day of a sensor, a year of chunks' };
    const year = { id: 'hourly-year', title: '5 hourly over a year' };
    const rawDay = await latency(day, 'raw', '1d', 1);
    const hourlyYear = await latency(year, 'hourly', '1y', sizes.days);
    const usage = (reader: Reader, path: string) => async () => {
      await reader.usage();
      await reader.ask(path);
      return reader.usage();
    };
    onNote(`an answer of ${largeRows}`);
    const [ours = [], others = []] = await inTurns({ rounds: Math.ceil(rounds.short / 8), signal }, [
      usage(api, `/api/sensors/sensor_001/raw?period=${largeDays}d`),
      usage(bare, `/raw?sensor=sensor_001&days=${largeDays}`),
    ]);
    const delay = {
      id: 'large-delay',
      title: `4 event loop delay p99, ${largeRows} as JSON`,
    };
    const cpu = { id: 'large-cpu', title: `4 CPU of ${largeRows} as JSON` };
    return [
      rawDay,
      besideBudget(
        delay,
        summarize(
          ours.map(({ p99 }) => p99),
          'ms',
        ),
        20,
      ),
      besidePeer(
        cpu,
        ours.map((used) => used.cpu),
        { name: 'bare handler', times: others.map((used) => used.cpu) },
      ),
      hourlyYear,
    ];
  });
}

const INGESTS: Readonly<Record<string, string>> = {
  // By the command's own clock: of few rows, the start of Node.js would be half of the figure, and it has a line of its own.
  'import-work': '2 import, two workers, aggregates refreshed',
  'import-1-work': '2 import, one worker, aggregates refreshed',
  'http-json-10k': '3 HTTP ingest, JSON, 10,000 rows a body',
  'http-json-1k': '3 HTTP ingest, JSON, 1,000 rows a body',
  'http-line-10k': '3 HTTP ingest, line protocol, 10,000 rows a body',
};

/** Rows that come in, beside `\copy` of the same rows; where psql is missing, beside one COPY of our own. */
export async function ingest(url: string, run: QuickRun): Promise<readonly Ratio[]> {
  const file = join(tmpdir(), `tsdb-bench-quick-${process.pid}.csv`);
  const peers = ['psql-copy', STAND_IN];
  const report = await measureIngest(url, {
    rows: run.sizes.ingestRows,
    sensors: 10,
    intervalSeconds: 60,
    repeat: run.sizes.rounds.long,
    ...run,
    file,
    tsdb,
    methods: [...Object.keys(INGESTS), ...peers],
  });
  const peer = report.methods.find(({ id }) => peers.includes(id));
  return report.methods.flatMap(({ id, speed, toPsqlCopy }) => {
    const title = INGESTS[id];
    if (title === undefined || peer === undefined || toPsqlCopy === null) return [];
    const beside = `${peer.id === STAND_IN ? 'one COPY of our own, psql is missing' : '\\copy'} ${medianOf(peer.speed)}`;
    return { id, title, ours: medianOf(speed), beside, ratio: toPsqlCopy.median, against: 'peer' as const };
  });
}

/** The stacks beside an empty app. */
export async function synth({ sizes, signal, onNote }: QuickRun): Promise<readonly Ratio[]> {
  onNote('synth');
  const { stacks, empty, ratio } = await benchSynth(signal, sizes.rounds.long);
  const named = { id: 'synth', title: '6 synth of all stacks' };
  const beside = `empty app ${medianOf(empty)}`;
  return [{ ...named, ours: medianOf(stacks), beside, ratio: 1 / ratio.median, against: 'peer' }];
}

/** Starts of the command line beside one of Node.js that does nothing. */
export async function starts(
  url: string,
  { env, sizes, signal, onNote }: QuickRun,
): Promise<readonly Ratio[]> {
  onNote('starts of the command line');
  const own = childEnvironment(env, { DATABASE_URL: url });
  const start = (command: readonly [string, ...string[]]) => async () =>
    (await timedProcess(command, { env: own, signal })).milliseconds;
  const [version = [], plan = [], times = []] = await inTurns({ rounds: 2 * sizes.rounds.long, signal }, [
    start([...tsdb, '--version']),
    start([...tsdb, 'plan']),
    start([process.execPath, '-e', '0']),
  ]);
  const peer = { name: 'node -e 0', times };
  return [
    besidePeer({ id: 'version', title: '7 tsdb --version' }, version, peer),
    besidePeer({ id: 'plan-start', title: '7 tsdb plan, default sets in sync' }, plan, peer),
  ];
}

/** The plan of many objects that are as declared. */
export async function planOfMany(url: string, desired: Desired): Promise<readonly Ratio[]> {
  const { total } = await measurePlan(url, desired, 3);
  const { hypertables, aggregates } = desired;
  const title = `8 in-sync plan of ${hypertables.length} tables and ${aggregates.length} aggregates`;
  return [besideBudget({ id: 'plan', title }, total, 1_000)];
}
