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
import type { CompressionReport, Saving, SetSaving, TableSaving } from './report/report';
import { pauseAllJobs, type YearOptions } from './year';

/** Enough for the sets whose chunks are days. */
const LEAST_DAYS = 14;

/** Fills all sets, converts, and reads TimescaleDB's own figures of the conversion. */
export async function measureCompression(url: string, options: YearOptions): Promise<CompressionReport> {
  const names = Object.keys(sampleSets);
  const desired = desiredFrom(names.flatMap((name) => schemaSets[name] ?? []));
  await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
  return withConnection(url, async (db) => {
    await pauseAllJobs(db, 'timescaledb');
    for (const name of names) await fill(db, desired, sampleSets[name] as SampleSet, options);
    const tables: TableSaving[] = [];
    const sets: SetSaving[] = [];
    for (const name of names) {
      const own: TableSaving[] = [];
      for (const table of columnstoresOf(sampleSets[name] as SampleSet, desired)) {
        const saving = await convert(db, table, options);
        if (saving !== undefined) own.push(saving);
      }
      tables.push(...own);
      if (own.length > 0) sets.push({ set: name, ...sumOf(own) });
    }
    if (tables.length === 0)
      throw new DatabaseError('no table has a whole chunk to convert; measure more --days');
    return { tables, sets, total: sumOf(tables) };
  });
}

/** What of a set has a columnstore: its tables, then the aggregates on them. */
const columnstoresOf = (set: SampleSet, desired: Desired): readonly Stored[] =>
  [...set.tables, ...aggregatesOf(set, desired)].filter(({ columnstore }) => columnstore !== undefined);

async function fill(
  db: Client,
  desired: Desired,
  set: SampleSet,
  { days, sensors, intervalSeconds, signal, onNote }: YearOptions,
): Promise<void> {
  const target = { db, engine: 'timescaledb', desired } as const;
  const enough = await daysFor(db, columnstoresOf(set, desired));
  const { from, to } = lastDays(Math.min(days, enough), intervalSeconds);
  onNote(`compression: sample data of set ${set.name}`);
  const options = { series: sensors, intervalSeconds, seed: 1, gaps: 0, outliers: 0 };
  await withTransaction(db, () => beginSet(target, set, options, from));
  await continueSet(target, set, to, { signal });
  const aggregates = aggregatesOf(set, desired);
  // An aggregate without a columnstore is refreshed as well when an aggregate with one is built on it.
  if (aggregates.some(({ columnstore }) => columnstore !== undefined))
    await refreshSeeded(target, aggregates);
}

/** Twice the longest chunk: whatever the day, it contains a whole chunk of each. */
async function daysFor(db: Client, stored: readonly Stored[]): Promise<number> {
  const { rows } = await db.query<{ days: number | null }>(
    `SELECT ceil(2 * extract(epoch FROM max(d.time_interval)) / 86400)::int AS days
       FROM timescaledb_information.dimensions d
       LEFT JOIN timescaledb_information.continuous_aggregates a
              ON (a.materialization_hypertable_schema, a.materialization_hypertable_name) = (d.hypertable_schema, d.hypertable_name)
      WHERE format('%s.%s', coalesce(a.view_schema, d.hypertable_schema), coalesce(a.view_name, d.hypertable_name)) = ANY ($1)`,
    [stored.map(nameOf)],
  );
  return Math.max(LEAST_DAYS, rows[0]?.days ?? 0);
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

function sumOf(savings: readonly Saving[]): Saving {
  const sum = (bytes: 'beforeBytes' | 'afterBytes'): number =>
    savings.reduce((total, saving) => total + saving[bytes], 0);
  return savingOf(sum('beforeBytes'), sum('afterBytes'));
}

const savingOf = (beforeBytes: number, afterBytes: number): Saving => ({
  beforeBytes,
  afterBytes,
  savedPercent: savedPercent({ beforeBytes, afterBytes }) ?? 0,
});
