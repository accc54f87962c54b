// tsdb seed: sample data of one set or several, up to now; the same command again continues where the last one ended.
import type { ClientConfig } from 'pg';
import { RefusedError, UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { counted } from '../../db/core/quantities';
import { relation } from '../../db/core/sql';
import { nameOf } from '../../db/language/names';
import { withConnection, withRollback, withTransaction } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { readContext, requireConnection } from '../context';
import { withJobsPaused } from '../generate/continue-sample';
import {
  aggregatesOf,
  beginSet,
  continueSet,
  hasReadings,
  lastDays,
  refreshSeeded,
  type Target,
} from '../generate/generate';
import { ensureProgress, markRefreshed, readProgress, type SeedProgress } from '../generate/progress';
import type { SampleOptions, SampleSet } from '../generate/sample';
import { sampleSets } from '../generate/sets/sets';
import { note, noteUnlessBar, print, printJson } from '../output';
import { describeRefresh } from './refresh';

/** What is not given is as in the run that is continued, else the default. */
export interface SeedFlags {
  readonly set: string;
  readonly days?: number;
  readonly sensors?: number;
  readonly interval?: number;
  readonly seed?: number;
  /** Percent. */
  readonly gaps?: number;
  /** Percent. */
  readonly outliers?: number;
  /** End, exclusive; now when it is not given. */
  readonly to?: string;
  readonly json?: boolean;
}

/** What was written of one set. */
interface Seeded {
  readonly set: string;
  readonly continued: boolean;
  readonly from: Date;
  readonly to: Date;
  readonly rows: Readonly<Record<string, number>>;
}

/** Fills the tables of the sets; refuses to mix sample data with other rows. */
export async function seedSets(flags: SeedFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const names = new Set(desired.hypertables.map(nameOf));
  const sets = setsOf(flags.set, names);
  const end = parseEnd(flags.to);
  const connection: ClientConfig = requireConnection(config);
  const seeded = await withConnection(connection, async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    return withJobsPaused({ db, engine }, sets, config.lockWaitMs, async () => {
      const done: Seeded[] = [];
      for (const set of sets) done.push(await seedSet({ db, engine, desired }, set, flags, end, signal));
      return done;
    });
  });
  if (flags.json) printJson(seeded);
  else for (const each of seeded) print(describe(each));
  return 0;
}

async function seedSet(
  target: Target,
  set: SampleSet,
  flags: SeedFlags,
  end: Date,
  signal: AbortSignal,
): Promise<Seeded> {
  const { db, desired } = target;
  await ensureProgress(db);
  const filled = await filledTable(target, set);
  const earlier = filled === undefined ? undefined : await readProgress(db, set.name);
  if (filled !== undefined && earlier === undefined)
    throw new RefusedError(
      `${filled} already has ${set.name === 'iot' ? 'readings' : 'rows'} that "tsdb seed" did not write; sample data is only written to empty tables`,
    );
  const options = optionsOf(flags, earlier, set);
  const range = lastDays(flags.days ?? 30, options.intervalSeconds, end);
  const from = earlier?.next ?? range.from;
  if (earlier === undefined) await withTransaction(db, () => beginSet(target, set, options, range.from));
  else note(`${set.name}: continued from ${from.toISOString()}`);
  noteUnlessBar(`${set.name}: writing sample data from ${from.toISOString()} to ${range.to.toISOString()}`);
  const rows = await continueSet(target, set, range.to, { signal });
  const unseen = earlier?.refreshed ?? range.from;
  if (unseen < range.to) {
    // Not from the beginning: what retention has dropped since lives on in older buckets.
    const window = earlier === undefined ? {} : { from: unseen };
    const aggregates = aggregatesOf(set, desired);
    await refreshSeeded(target, aggregates, { window, onDone: (result) => note(describeRefresh(result)) });
    await markRefreshed(db, set.name);
  }
  return {
    set: set.name,
    continued: earlier !== undefined,
    from,
    to: range.to,
    rows: Object.fromEntries(rows),
  };
}

/** The first table with rows; undefined when sample data may begin. */
async function filledTable({ db }: Target, set: SampleSet): Promise<string | undefined> {
  if (set.name === 'iot') return (await hasReadings(db)) ? 'sensor_data' : undefined;
  for (const table of set.tables) {
    const { rows } = await db.query(`SELECT 1 FROM ${relation(table)} LIMIT 1`);
    if (rows.length > 0) return nameOf(table);
  }
  return undefined;
}

const FLAGS = ['sensors', 'interval', 'seed', 'gaps', 'outliers'] as const;

function optionsOf(flags: SeedFlags, earlier: SeedProgress | undefined, { name }: SampleSet): SampleOptions {
  const before = earlier?.options;
  const asked = {
    sensors: flags.sensors ?? before?.series ?? 10,
    interval: flags.interval ?? before?.intervalSeconds ?? 60,
    seed: flags.seed ?? before?.seed ?? 1,
    gaps: flags.gaps === undefined ? (before?.gaps ?? 0.005) : flags.gaps / 100,
    outliers: flags.outliers === undefined ? (before?.outliers ?? 0.001) : flags.outliers / 100,
  };
  const options = {
    series: asked.sensors,
    intervalSeconds: asked.interval,
    seed: asked.seed,
    gaps: asked.gaps,
    outliers: asked.outliers,
  };
  if (before === undefined) return options;
  const was = { ...before, sensors: before.series, interval: before.intervalSeconds };
  const other = FLAGS.filter((flag) => asked[flag] !== was[flag]).map((flag) => `--${flag}`);
  if (other.length === 0) return options;
  throw new RefusedError(
    `set ${name} already has rows that were written with other values of ${other.join(', ')}; leave these flags out to continue, or seed into empty tables`,
  );
}

function setsOf(names: string, declared: ReadonlySet<string>): readonly SampleSet[] {
  const wanted = [...new Set(names.split(',').map((name) => name.trim()))];
  return wanted.map((name) => {
    const set = Object.hasOwn(sampleSets, name) ? sampleSets[name] : undefined;
    if (set === undefined)
      throw new UsageError(
        `--set "${name}" has no sample data; choose from ${Object.keys(sampleSets).join(', ')}, separated by commas`,
      );
    if (set.tables.every((table) => declared.has(nameOf(table)))) return set;
    throw new UsageError(
      `set ${name} is not selected: add it to TSDB_SCHEMAS, run "${invocation('apply')}", and seed again`,
    );
  });
}

function parseEnd(text: string | undefined): Date {
  const end = text === undefined ? new Date() : new Date(text);
  if (!Number.isNaN(end.getTime())) return end;
  throw new UsageError(`--to "${text}" is not a time; write e.g. 2026-11-01 or 2026-11-01T12:00:00Z`);
}

function describe({ set, rows }: Seeded): string {
  const counts = Object.entries(rows).map(([table, count]) => `${counted(count, 'row')} of ${table}`);
  return set === 'iot'
    ? `${counted(rows['public.sensor_data'] ?? 0, 'reading')} written`
    : `${set}: ${counts.join(', ')} written`;
}
