// Stage 5 of a move: stops the writers of the source, carries the last changes, compares, and lets the source say where the data is. The
// commit at the source is the one instant at which the move happens: until then nothing has changed for anybody.
import { DatabaseError, RefusedError } from '../../db/core/errors';
import type { Desired } from '../../db/language/desired';
import type { Db } from '../../db/model';
import { withReconcilerLock, withTransaction } from '../../db/server/connection';
import { recoveryOf } from '../../db/server/retry';
import { copyAggregates, setWatermarks } from './aggregates';
import { refuseWrites } from './capture';
import { requireSame } from './copy-range';
import { digest, digestsBySlice, sameDigest } from './digest';
import { pauseAll, resumeJobs } from './jobs';
import type { Moved, Pair } from './model';
import { readRelations } from './relations';
import { copyRound } from './rounds';
import { carrySequences } from './sequences';
import { withPair } from './sessions';
import { SCHEMA } from './state';
import type { Workers } from './workers';

/** How a cut-over is made. */
export interface CutOver {
  readonly desired: Desired;
  readonly relations: readonly Moved[];
  readonly workers: Workers;
  /** `host:port/database`, for the message that later writers get. */
  readonly target: string;
  /** How long writers may wait, in milliseconds. */
  readonly limitMs: number;
  readonly lockWaitMs: number;
  /** Whether every range is compared once more while the writers wait. */
  readonly verify: boolean;
  readonly onNote: (text: string) => void;
}

export type CutOverResult =
  | { readonly kind: 'moved'; readonly pauseMs: number }
  /** The writers went on, because it would have taken longer than allowed. */
  | { readonly kind: 'too-slow'; readonly reason: string };

/** Tries to cut over once. */
export const cutOver = (pair: Pair, cut: CutOver): Promise<CutOverResult> =>
  withReconcilerLock(pair.source, cut.lockWaitMs, () =>
    withReconcilerLock(pair.target, cut.lockWaitMs, async () => {
      const { engines } = cut.workers;
      await pauseAll(pair.source, engines.source);
      let result: CutOverResult | undefined;
      try {
        result = await withPair(cut.workers.addresses, ({ source: gate }) => pass(pair, gate, cut));
        return result;
      } finally {
        // After the move, nothing at the source may delete or compute any more.
        if (result?.kind !== 'moved') await resumeJobs(pair.source, engines.source).catch(() => undefined);
      }
    }),
  );

// The gate is the session that holds the locks. It does nothing else, so that it can let the writers go at any moment.
async function pass(pair: Pair, gate: Db, cut: CutOver): Promise<CutOverResult> {
  const { relations, workers, limitMs, onNote } = cut;
  let isOpen = false;
  let timer: NodeJS.Timeout | undefined;
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, ...(workers.signal ? [workers.signal] : [])]);
  await gate.query('BEGIN');
  try {
    // Refreshes wait from here on, writers do not: the stored buckets stay as they are while they are compared.
    await lock(
      gate,
      relations.filter(({ kind }) => kind === 'stored'),
    );
    await setWatermarks(pair, workers.engines, cut.desired);
    const buckets = await copyAggregates(pair, relations, workers.signal);
    onNote(`stored buckets are alike: ${buckets} rows of them were copied`);
    await copyRound(pair, workers, relations);
    const started = Date.now();
    timer = setTimeout(() => {
      isOpen = true;
      stop.abort();
      void gate.query('ROLLBACK').catch(() => undefined);
    }, limitMs);
    await gate.query(`SET LOCAL lock_timeout = ${Math.max(1, Math.floor(limitMs / 2))}`);
    await lock(
      gate,
      relations.filter(({ kind }) => kind !== 'stored'),
    );
    await requireSameColumns(pair, cut);
    await copyRound(pair, { ...workers, signal }, relations);
    await requireNothingLeft(pair.source);
    await compare(pair, cut, signal);
    await carrySequences(pair, relations);
    // From here on the writers may not be let go any more: what follows would run outside of the transaction.
    clearTimeout(timer);
    signal.throwIfAborted();
    for (const statement of refuseWrites(relations, cut.target)) await gate.query(statement);
    await gate.query(`UPDATE ${SCHEMA}.run SET stage = 'moved', moved_at = now(), pause_ms = $1`, [
      Date.now() - started,
    ]);
    await gate.query('COMMIT');
    return { kind: 'moved', pauseMs: Date.now() - started };
  } catch (error) {
    clearTimeout(timer);
    if (!isOpen) await gate.query('ROLLBACK').catch(() => undefined);
    workers.signal?.throwIfAborted();
    if (isOpen) return { kind: 'too-slow', reason: `it would have taken longer than ${limitMs / 1_000} s` };
    if (recoveryOf(error) === 'repeat')
      return { kind: 'too-slow', reason: `a lock was not to be had: ${(error as Error).message}` };
    throw error;
  }
}

async function lock(gate: Db, relations: readonly Moved[]): Promise<void> {
  if (relations.length === 0) return;
  const names = relations.map(({ source }) => source).sort();
  await gate.query(`LOCK TABLE ${names.join(', ')} IN SHARE MODE`);
}

// Nobody can change a table any more, but somebody may have before.
async function requireSameColumns(pair: Pair, { relations, workers, desired }: CutOver): Promise<void> {
  const now = await readRelations(pair, workers.engines, desired);
  if (JSON.stringify(now) === JSON.stringify(relations)) return;
  throw new RefusedError(
    'columns or aggregates have changed since this run began, and writers go on at the source; run the same command again, which carries the change',
  );
}

// Whoever wrote before the lock has committed by now, so all of their notes can be seen.
async function requireNothingLeft(source: Db): Promise<void> {
  const { rows } = await source.query<{ left: number }>(
    `SELECT (SELECT count(*) FROM ${SCHEMA}.change)::int + (SELECT count(*) FROM ${SCHEMA}.part WHERE copied_at IS NULL)::int AS left`,
  );
  if (rows[0]?.left !== 0)
    throw new DatabaseError(
      `${rows[0]?.left} changes came after the last copy although the writers were stopped; run the move again`,
    );
}

// Every range was compared when it was copied, and has no note since. Plain tables are compared whole; ranges only when asked.
async function compare(pair: Pair, { relations, verify }: CutOver, signal: AbortSignal): Promise<void> {
  const everything = { from: '-infinity', to: 'infinity' };
  for (const moved of relations) {
    signal.throwIfAborted();
    if (moved.kind === 'keys' || verify) await compareWhole(pair, moved, everything);
  }
}

async function compareWhole(
  pair: Pair,
  moved: Moved,
  everything: { readonly from: string; readonly to: string },
): Promise<void> {
  const [here, there] = await Promise.all([
    withTransaction(pair.source, () => digest(pair.source, 'source', moved, everything)),
    withTransaction(pair.target, () => digest(pair.target, 'target', moved, everything)),
  ]);
  if (sameDigest(here, there)) return;
  if (moved.kind === 'keys') requireSame(moved, everything, here, there);
  throw new RefusedError(
    `${moved.name} was changed at the source in a way that no trigger sees, or at the target: ${await differing(pair, moved)}. Run the move again; these ranges will be copied again`,
  );
}

// Noted as changes, so that the next round carries them.
async function differing(pair: Pair, moved: Moved): Promise<string> {
  const [here, there] = [
    await withTransaction(pair.source, () => digestsBySlice(pair.source, 'source', moved)),
    await withTransaction(pair.target, () => digestsBySlice(pair.target, 'target', moved)),
  ];
  const slices = [...new Map([...there, ...here]).values()].filter(({ from }) => {
    const [a, b] = [here.get(from), there.get(from)];
    return a === undefined || b === undefined || !sameDigest(a, b);
  });
  if (moved.kind === 'ranges')
    await pair.source.query(
      `INSERT INTO ${SCHEMA}.change (relation, kind, from_time, to_time) SELECT $1, 'row', * FROM unnest($2::timestamptz[], $3::timestamptz[])`,
      [moved.number, slices.map(({ from }) => from), slices.map(({ to }) => to)],
    );
  return slices.map(({ from, to }) => `${from} to ${to}`).join(', ');
}
