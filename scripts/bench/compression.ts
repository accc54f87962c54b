// What the columnstore saves, for every declared table that has one: all sets of sample data, every whole chunk converted.
import type { Client } from 'pg';
import { DatabaseError } from '../../db/core/errors';
import { relation } from '../../db/core/sql';
import { readCompression, savedPercent } from '../../db/engines/chunks';
import { type Desired, desiredFrom } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import { applySchema } from '../../db/reconcile/apply';
import { schemaSets } from '../../db/schema/sets';
import { asking } from '../../db/server/ask';
import { withConnection, withTransaction } from '../../db/server/connection';
import type { Stored } from '../../db/upkeep/compress';
import { aggregatesOf, beginSet, continueSet, lastDays, refreshSeeded } from '../generate/generate';
import type { SampleSet } from '../generate/sample';
import { sampleSets } from '../generate/sets/sets';
import { convertOlder } from './columnstore';
import type { CompressionReport, Saving, TableSaving } from './report/report';
import { pauseAllJobs, type YearOptions } from './year';

/** Two weeks contain at least one whole chunk of every table, on whatever day the benchmark runs. */
const MOST_DAYS = 14;

/** Fills all sets, converts, and reads TimescaleDB's own figures of the conversion. */
export async function measureCompression(url: string, options: YearOptions): Promise<CompressionReport> {
  const names = Object.keys(sampleSets);
  const desired = desiredFrom(names.flatMap((name) => schemaSets[name] ?? []));
  await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
  return withConnection(url, async (db) => {
    await pauseAllJobs(db, 'timescaledb');
    for (const name of names) await fill(db, desired, sampleSets[name] as SampleSet, options);
    const stored: readonly Stored[] = [...desired.hypertables, ...desired.aggregates];
    const tables: TableSaving[] = [];
    for (const table of stored.filter(({ columnstore }) => columnstore !== undefined)) {
      const saving = await convert(db, table, options);
      if (saving !== undefined) tables.push(saving);
    }
    if (tables.length === 0)
      throw new DatabaseError('no table has a whole chunk to convert; measure more --days');
    const sum = (bytes: 'beforeBytes' | 'afterBytes'): number =>
      tables.reduce((total, saving) => total + saving[bytes], 0);
    return { tables, total: savingOf(sum('beforeBytes'), sum('afterBytes')) };
  });
}

async function fill(
  db: Client,
  desired: Desired,
  set: SampleSet,
  { days, sensors, intervalSeconds, signal, onNote }: YearOptions,
): Promise<void> {
  const target = { db, engine: 'timescaledb', desired } as const;
  const { from, to } = lastDays(Math.min(days, MOST_DAYS), intervalSeconds);
  onNote(`compression: sample data of set ${set.name}`);
  const options = { series: sensors, intervalSeconds, seed: 1, gaps: 0, outliers: 0 };
  await withTransaction(db, () => beginSet(target, set, options, from));
  await continueSet(target, set, to, { signal });
  const aggregates = aggregatesOf(set, desired);
  // An aggregate without a columnstore is refreshed as well when an aggregate with one is built on it.
  if (aggregates.some(({ columnstore }) => columnstore !== undefined))
    await refreshSeeded(target, aggregates);
}

async function convert(db: Client, table: Stored, options: YearOptions): Promise<TableSaving | undefined> {
  const { rows: counted } = await db.query<{ count: string }>(`SELECT count(*) FROM ${relation(table)}`);
  await convertOlder(db, table, '0 seconds', options);
  const [found] = await readCompression(asking(db), 'timescaledb', [nameOf(table)]);
  if (!found?.beforeBytes || !found.afterBytes) return undefined;
  return {
    table: nameOf(table),
    rows: Number(counted[0]?.count),
    chunks: found.compressedChunks,
    segmentBy: table.columnstore?.segmentBy ?? [],
    ...savingOf(found.beforeBytes, found.afterBytes),
  };
}

const savingOf = (beforeBytes: number, afterBytes: number): Saving => ({
  beforeBytes,
  afterBytes,
  savedPercent: savedPercent({ beforeBytes, afterBytes }) ?? 0,
});
