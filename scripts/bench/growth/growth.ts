// How figures grow: with objects and chunks the time of a plan, with the file the memory of an import, with rows the latency of the API.
// The sizes are multiples of `--rows`, each four times the one before. A size that would take too long is left out.
import { appendFileSync, readFileSync, rmSync } from 'node:fs';
import type { Environment } from '../../../db/core/settings';
import { desiredFrom } from '../../../db/language/desired';
import type { EngineName } from '../../../db/model';
import { applySchema } from '../../../db/reconcile/apply';
import { iot, sensorData } from '../../../db/schema/iot';
import { withConnection } from '../../../db/server/connection';
import { withReaders } from '../api/readers';
import { convertOlder } from '../columnstore';
import type { UseDatabase } from '../databases';
import { inTurns, type RunControl } from '../in-turns';
import { importOnce } from '../ingest/program-methods';
import { readings, writeCsv } from '../ingest/rows';
import { createChunks, createObjects, measurePlan } from '../plan-size/plans';
import { bytes, count, counted } from '../report/format';
import type { BenchOptions, GrowthChart, GrowthReport } from '../report/report';
import { type Measured, summarize, summarizeMemory } from '../report/statistics';
import { pauseAllJobs, prepareYear } from '../year';

export interface GrowthOptions
  extends Pick<BenchOptions, 'days' | 'intervalSeconds' | 'rows' | 'repeat'>,
    RunControl {
  readonly env: Environment;
  readonly engine: EngineName;
  /** A file that may be written and is removed. */
  readonly file: string;
  /** How `tsdb` is started. */
  readonly tsdb: readonly [string, ...string[]];
}

const MOST_MS = 12 * 60_000;
/** Attaching a partition takes longer the more there are. */
const MOST_PARTITIONS = 1_000;

/** One size: what it is called, and its figure for each line of the chart. */
interface Step {
  readonly at: string;
  readonly figures: readonly (Measured | null)[];
}

/** Measures on databases of its own, in at most about twelve minutes. */
export async function measureGrowth(use: UseDatabase, options: GrowthOptions): Promise<GrowthReport> {
  const { rows, engine } = options;
  const until = Date.now() + MOST_MS;
  const grow = async (
    about: Pick<GrowthChart, 'title' | 'grows'> & { readonly lines: readonly string[] },
    sizes: readonly number[],
    measure: (size: number) => Promise<Step>,
  ): Promise<readonly GrowthChart[]> => {
    const steps: Step[] = [];
    let [last, size] = [0, sizes[0] ?? 0];
    for (const next of sizes) {
      options.signal?.throwIfAborted();
      const expected = last * (next / size);
      if (Date.now() + expected > until) {
        options.onNote(`growth: ${about.title}: larger sizes would take too long and are left out`);
        break;
      }
      const started = Date.now();
      const step = await measure(next);
      options.onNote(`growth: ${about.title} over ${about.grows}: ${step.at}`);
      steps.push(step);
      [last, size] = [Date.now() - started, next];
    }
    const lines = about.lines.flatMap((title, at) => {
      const figures = steps.flatMap((step) => step.figures[at] ?? []);
      return figures.length === steps.length ? [{ title, figures }] : [];
    });
    return lines.length === 0 ? [] : [{ ...about, at: steps.map(({ at }) => at), lines }];
  };
  const tables = Math.max(1, Math.round(rows / 4_000));
  const chunks = Math.max(10, Math.round(rows / 800));
  const mostChunks = engine !== 'timescaledb' ? MOST_PARTITIONS : Number.POSITIVE_INFINITY;
  // The first plans of a process take several times as long as later ones, and the smallest size would look like the largest.
  await planObjects(use, tables, { ...options, repeat: 2 * options.repeat });
  return {
    charts: [
      ...(await grow(
        { title: 'plan in sync', grows: 'tables, each with two aggregates', lines: ['plan'] },
        [tables, 2 * tables, 4 * tables],
        (size) => planObjects(use, size, options),
      )),
      ...(await grow(
        { title: 'plan in sync', grows: 'chunks of one table', lines: ['plan'] },
        [chunks, 4 * chunks, 16 * chunks].filter((size) => size <= mostChunks),
        (size) => planChunks(use, size, options),
      )),
      ...(await grow(
        { title: 'peak memory of tsdb import', grows: 'file', lines: ['tsdb import'] },
        [1, 4, 16],
        (times) => importFile(use, times, options),
      )),
      ...(await grow(
        {
          title: 'latency of the API',
          grows: 'rows',
          lines: QUESTIONS.map(({ title }) => title),
        },
        [5 * rows, 20 * rows, 80 * rows],
        (size) => readRows(use, size, options),
      )),
    ],
  };
}

const planObjects = (use: UseDatabase, tables: number, { repeat }: GrowthOptions): Promise<Step> =>
  use('objects', async (url) => {
    const { desired } = await createObjects(url, tables);
    return { at: count(tables), figures: [(await measurePlan(url, desired, repeat)).total] };
  });

const planChunks = (use: UseDatabase, chunks: number, { engine, repeat }: GrowthOptions): Promise<Step> =>
  use('chunks', async (url) => {
    const { desired } = await createObjects(url, 1);
    await createChunks(url, engine, chunks);
    return { at: count(chunks), figures: [(await measurePlan(url, desired, repeat)).total] };
  });

/** The same rows so many times: what a file holds does not matter to the memory of its import. */
function importFile(use: UseDatabase, times: number, options: GrowthOptions): Promise<Step> {
  const { rows, engine, intervalSeconds, file, tsdb, env, signal } = options;
  return use('file', async (url) => {
    await applySchema(url, desiredFrom([iot]), { allow: [], lockWaitMs: 30_000 });
    await withConnection(url, (db) => pauseAllJobs(db, engine));
    try {
      await writeCsv(file, readings(Math.ceil(rows / 2), { sensors: 10, intervalSeconds }));
      const content = readFileSync(file);
      const body = content.subarray(content.indexOf('\n') + 1);
      for (let more = 1; more < times; more += 1) appendFileSync(file, body);
      const { peakBytes } = await importOnce({ url, file, tsdb, env, signal }, 2);
      const size = content.length + (times - 1) * body.length;
      return { at: bytes(size), figures: [summarizeMemory([peakBytes])] };
    } finally {
      rmSync(file, { force: true });
    }
  });
}

const QUESTIONS = [
  { title: 'raw day of a sensor', path: '/api/sensors/sensor_001/raw?period=1d' },
  { title: 'latest reading of a sensor', path: '/api/sensors/sensor_001/current' },
  { title: 'hourly over a year', path: '/api/sensors/sensor_001/hourly?period=1y' },
] as const;

/** A year of readings of as many sensors as it takes, old ones in the columnstore. */
function readRows(use: UseDatabase, wanted: number, options: GrowthOptions): Promise<Step> {
  const { days, intervalSeconds, repeat, engine, env, signal, onNote } = options;
  const sensors = Math.max(1, Math.round(wanted / ((days * 86_400) / intervalSeconds)));
  return use('rows', async (url) => {
    const control = { signal, onNote };
    const { rows } = await prepareYear(url, {
      days,
      sensors: 1,
      copies: sensors,
      intervalSeconds,
      ...control,
    });
    if (engine === 'timescaledb' && sensorData.columnstore)
      await withConnection(url, async (db) => {
        await convertOlder(db, sensorData, sensorData.columnstore?.after ?? '', control);
        await db.query('ANALYZE');
      });
    return withReaders(url, env, async (api) => {
      const times = await inTurns(
        { rounds: 4 * repeat, signal },
        QUESTIONS.map(
          ({ path }) =>
            () =>
              api.ask(path),
        ),
      );
      return { at: counted(rows, 'row'), figures: times.map((of) => summarize(of, 'ms')) };
    });
  });
}
