// Carries the stored buckets of aggregates, also those whose source rows are gone, and the time up to which they are stored. No trigger can
// note what a refresh writes: on TimescaleDB, triggers on the tables behind aggregates make every refresh fail. So both sides are compared.
import { DatabaseError } from '../../db/core/errors';
import { literal, relation } from '../../db/core/sql';
import { readStored } from '../../db/engines/stored-aggregates';
import type { Desired } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import { dialectOf } from '../../db/model';
import { withTransaction } from '../../db/server/connection';
import { copyRange } from './copy-range';
import { digestsBySlice, sameDigest } from './digest';
import type { Engines, Moved, Pair } from './model';

/** Makes the stored buckets at the target those of the source. Returns the number of buckets' rows that were written. */
export async function copyAggregates(
  pair: Pair,
  relations: readonly Moved[],
  signal?: AbortSignal,
): Promise<number> {
  let written = 0;
  for (const moved of relations) {
    if (moved.kind !== 'stored') continue;
    const [here, there] = await Promise.all([
      withTransaction(pair.source, () => digestsBySlice(pair.source, 'source', moved)),
      withTransaction(pair.target, () => digestsBySlice(pair.target, 'target', moved)),
    ]);
    for (const slice of new Map([...there, ...here]).values()) {
      signal?.throwIfAborted();
      const [a, b] = [here.get(slice.from), there.get(slice.from)];
      if (a !== undefined && b !== undefined && sameDigest(a, b)) continue;
      written += (await copyRange(pair, moved, slice, false)).rows;
    }
  }
  return written;
}

/**
 * Brings the aggregates of the target to the time up to which those of the source are stored: readers take newer rows from the source
 * table itself, and must not take stored buckets twice or not at all. Call it before the buckets are copied, because on
 * TimescaleDB it computes the newest bucket.
 * @throws DatabaseError when stored buckets would be hidden.
 */
export async function setWatermarks(
  { source, target }: Pair,
  engines: Engines,
  desired: Desired,
): Promise<void> {
  for (const aggregate of desired.aggregates) {
    const name = nameOf(aggregate);
    const here = (await readStored(source, engines.source, name)).aggregate;
    const { rows } = await source.query<{ watermark: string; newest: string | null; end: string | null }>(
      `SELECT CASE WHEN ${here.watermark} < '4000-01-01 00:00:00+00 BC' THEN '-infinity' ELSE (${here.watermark})::text END AS watermark,
              max("bucket")::text AS newest, (max("bucket") + ${literal(here.width)}::interval)::text AS "end" FROM ${relation(here.stored)}`,
    );
    const { watermark, newest, end } = rows[0] as (typeof rows)[number];
    if (dialectOf(engines.target) === 'postgres') {
      await target.query(
        `UPDATE tsdb.continuous_aggregate SET watermark = $1::timestamptz WHERE (schema_name, view_name) = ($2, $3)`,
        [watermark, aggregate.schema, aggregate.name],
      );
      continue;
    }
    if (newest === null || end === null) continue;
    const there = (await readStored(target, engines.target, name)).aggregate;
    const reached = async (): Promise<boolean> =>
      (
        await target.query<{ reached: boolean }>(`SELECT ${there.watermark} >= $1::timestamptz AS reached`, [
          end,
        ])
      ).rows[0]?.reached === true;
    if (await reached()) continue;
    await target.query(
      'CALL public.refresh_continuous_aggregate($1::regclass, $2::timestamptz, $3::timestamptz)',
      [relation(aggregate), newest, end],
    );
    if (await reached()) continue;
    await forceWatermark({ target, table: there.stored, end, name });
  }
}

// The newest stored bucket has no source rows any more, so no refresh reaches it.
async function forceWatermark({
  target,
  table,
  end,
  name,
}: {
  readonly target: Pair['target'];
  readonly table: { readonly schema: string; readonly name: string };
  readonly end: string;
  readonly name: string;
}): Promise<void> {
  try {
    await target.query(
      `UPDATE _timescaledb_catalog.continuous_aggs_watermark w SET watermark = _timescaledb_functions.to_unix_microseconds($1::timestamptz)
         FROM _timescaledb_catalog.hypertable h WHERE h.id = w.mat_hypertable_id AND (h.schema_name, h.table_name) = ($2, $3)`,
      [end, table.schema, table.name],
    );
  } catch (error) {
    throw new DatabaseError(
      `${name}: the source rows of its newest stored bucket are gone, so no refresh brings the target up to ${end}, and only a superuser may set this: ${(error as Error).message}. Use a superuser in the address of --to`,
      { cause: error },
    );
  }
}
