// After the cut-over: converts old chunks of the target to the columnstore, and resumes its jobs. Every step may be repeated.
import { readStored } from '../../db/engines/stored-aggregates';
import type { Desired } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import { asking, isoText } from '../../db/server/ask';
import { chunksToCompress, convertChunks } from '../../db/upkeep/compress';
import { safeParts } from '../../db/upkeep/history-guard';
import { resumeJobs } from './jobs';
import type { Engines, Pair } from './model';
import { finishArrival, setStage } from './state';

export interface Finishing {
  readonly desired: Desired;
  readonly id: string;
  readonly engines: Engines;
  readonly signal?: AbortSignal;
  readonly onNote: (text: string) => void;
}

export async function finish({ source, target }: Pair, finishing: Finishing): Promise<void> {
  const { desired, id, engines, signal, onNote } = finishing;
  if (engines.target === 'timescaledb') {
    for (const one of [...desired.hypertables, ...desired.aggregates]) {
      if (one.columnstore === undefined) continue;
      const chunks = await chunksToCompress(target, one, one.columnstore.after);
      if (chunks.length === 0) continue;
      onNote(`${nameOf(one)}: converting ${chunks.length} chunks to the columnstore`);
      for (const { chunk, error } of await convertChunks(target, 'columns', chunks, {
        ...(signal ? { signal } : {}),
      }))
        if (error !== undefined) onNote(`${nameOf(one)}: ${chunk} was not converted: ${error}`);
      signal?.throwIfAborted();
    }
  }
  await resumeJobs(target, engines.target, await harmfulRefreshes({ source, target }, finishing));
  await finishArrival(target, id);
  await setStage(source, 'done');
}

// At the target every stored bucket counts as not refreshed, so the first run of a policy computes all of its window. Where source rows
// are gone that would remove what is stored; at the source it did not, because nothing had changed there.
async function harmfulRefreshes(
  { target }: Pair,
  { desired, engines, onNote }: Finishing,
): Promise<readonly number[]> {
  if (engines.target !== 'timescaledb') return [];
  const harmful: number[] = [];
  for (const one of desired.aggregates) {
    const stored = await readStored(target, engines.target, nameOf(one));
    const jobs = await asking(target)<{ id: number; from: string; to: string }>(
      `SELECT j.job_id AS id, ${isoText(`time_bucket.f`)} AS "from", ${isoText('time_bucket.t')} AS "to"
         FROM timescaledb_information.jobs j,
              LATERAL (SELECT public.time_bucket($3::interval, coalesce(now() - (j.config->>'start_offset')::interval, '2000-01-01')) + $3::interval AS f,
                              public.time_bucket($3::interval, now() - coalesce((j.config->>'end_offset')::interval, '0')) AS t) time_bucket
        WHERE j.proc_name = 'policy_refresh_continuous_aggregate' AND (j.hypertable_schema, j.hypertable_name) = ($1, $2) AND f < t`,
      [one.schema, one.name, stored.aggregate.width],
    );
    for (const { id, from, to } of jobs) {
      const { kept } = await safeParts(target, engines.target, stored, { from, to }, true);
      if (kept === null) continue;
      harmful.push(id);
      onNote(
        `${nameOf(one)}: job ${id} stays paused: its first run would remove ${kept.buckets} stored buckets from ${kept.from} to ${kept.to}, whose source rows are gone. Declare a shorter refresh window, apply it, and then resume it with SELECT alter_job(${id}, scheduled => true)`,
      );
    }
  }
  return harmful;
}
