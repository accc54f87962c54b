// Moves a live database: prepares, copies while writers go on, catches up, cuts over, and finishes. Another run continues at any point.
import { RefusedError } from '../../db/core/errors';
import { counted } from '../../db/core/quantities';
import type { Desired } from '../../db/language/desired';
import { copyAggregates } from './aggregates';
import { beginCapture, endCapture, noteChunks } from './capture';
import { cutOver } from './cut-over';
import { finish } from './finish';
import { resumeJobs } from './jobs';
import type { Engines, Moved, Pair, Stage } from './model';
import { countParts, listParts, type PartCounts } from './parts';
import { checkSource, prepareTarget, readEngines } from './prepare';
import { readRelations } from './relations';
import { copyRound } from './rounds';
import { type Addresses, withPair } from './sessions';
import { beginRun, type Run, readRun, rememberRelations, requireSameTarget, SCHEMA, setStage } from './state';
import type { Workers } from './workers';

/** What a move is told. */
export interface MoveOptions {
  readonly addresses: Addresses;
  /** `host:port/database` of the target. */
  readonly target: string;
  readonly desired: Desired;
  readonly workers: number;
  readonly verify: boolean;
  readonly limitMs: number;
  readonly lockWaitMs: number;
  /** Asked once the target has caught up; whether to cut over now. */
  readonly mayCutOver: () => Promise<boolean>;
  readonly signal?: AbortSignal;
  readonly onNote: (text: string) => void;
  readonly onProgress?: (copied: number, total: number) => void;
}

/** How a run of a move has ended. */
export interface MoveReport {
  readonly stage: Stage;
  /** Rows that this run has copied, also those that it copied again. */
  readonly rows: number;
  /** How long the writers had to wait for the cut-over, in milliseconds; null before. */
  readonly pauseMs: number | null;
}

/** Rounds of catching up before a cut-over at most. A round that takes this part of the time that writers may wait is short enough. */
const ROUNDS = 20;
const SHORT = 0.2;
/** How often a cut-over that takes too long is tried. */
const TRIES = 10;

/** @throws RefusedError, with what is in the way; what is done so far stays, and another run continues it. */
export function move(options: MoveOptions): Promise<MoveReport> {
  return withPair(options.addresses, async (pair) => {
    const before = await readRun(pair.source);
    if (before !== undefined) requireSameTarget(before, options.target);
    if (before?.stage === 'done') return { stage: 'done', rows: 0, pauseMs: before.pauseMs };
    if (before?.stage === 'moved') return conclude(pair, options, before, 0);
    return carry(pair, options);
  });
}

async function carry(pair: Pair, options: MoveOptions): Promise<MoveReport> {
  const { addresses, desired, onNote, signal } = options;
  onNote('stage: prepare');
  for (const text of await checkSource(pair.source, desired)) onNote(text);
  const run = await beginRun(pair.source, options.target);
  await prepareTarget(pair, addresses, { ...options, id: run.id });
  const engines = await readEngines(pair);
  // An earlier run may have been killed while it cut over.
  await resumeJobs(pair.source, engines.source);
  const relations = await readRelations(pair, engines, desired);
  await rememberRelations(pair.source, relations);
  signal?.throwIfAborted();
  onNote('stage: capture');
  await beginCapture(pair.source, relations);
  await noteChunks(pair.source, engines.source, relations);
  await setStage(pair.source, 'capture');
  await listParts(pair.source, relations);
  signal?.throwIfAborted();
  await setStage(pair.source, 'copy');
  const workers: Workers = { addresses, engines, count: options.workers, ...(signal ? { signal } : {}) };
  const rows = await catchUp(pair, options, relations, workers);
  if (!(await options.mayCutOver())) return { stage: 'copy', rows, pauseMs: null };
  return tryCutOver(pair, options, { relations, workers, rows, engines });
}

async function catchUp(
  pair: Pair,
  { limitMs, onNote, onProgress, signal }: MoveOptions,
  relations: readonly Moved[],
  workers: Workers,
): Promise<number> {
  const { rows: total, copiedRows, parts, copied } = await countParts(pair.source);
  onNote(`stage: copy ${counted(parts - copied, 'range')} of ${parts}, about ${total - copiedRows} rows`);
  let rows = 0;
  for (let round = 1; round <= ROUNDS; round += 1) {
    const done = await copyRound(pair, workers, relations, (more) => onProgress?.(copiedRows + more, total));
    rows += done.rows + done.keys;
    onNote(
      `round ${round}: ${counted(done.ranges, 'range')} with ${counted(done.rows, 'row')} and ${counted(done.keys, 'single row')} in ${done.milliseconds} ms`,
    );
    signal?.throwIfAborted();
    if (round === 1) onNote('stage: catch up');
    if (round > 1 && done.milliseconds <= SHORT * limitMs) break;
  }
  const buckets = await copyAggregates(pair, relations, signal);
  onNote(`${counted(buckets, 'row')} of stored buckets copied`);
  return rows + buckets;
}

async function tryCutOver(
  pair: Pair,
  options: MoveOptions,
  {
    relations,
    workers,
    rows,
    engines,
  }: { relations: readonly Moved[]; workers: Workers; rows: number; engines: Engines },
): Promise<MoveReport> {
  const { onNote, signal } = options;
  for (let attempt = 1; attempt <= TRIES; attempt += 1) {
    onNote(`stage: cut over, attempt ${attempt} of ${TRIES}`);
    const result = await cutOver(pair, { ...options, relations, workers });
    if (result.kind === 'moved') {
      onNote(`stage: moved; writers waited ${result.pauseMs} ms`);
      return conclude(pair, options, (await readRun(pair.source)) as Run, rows, engines);
    }
    onNote(`the writers go on at the source: ${result.reason}`);
    signal?.throwIfAborted();
    await copyRound(pair, workers, relations);
  }
  throw new RefusedError(
    `the cut-over did not fit into ${options.limitMs / 1_000} s in ${TRIES} attempts, and writers go on at the source; allow more with --cut-over-limit, or try at a quieter time`,
  );
}

async function conclude(
  pair: Pair,
  { desired, signal, onNote }: MoveOptions,
  run: Run,
  rows: number,
  known?: Engines,
): Promise<MoveReport> {
  const engines = known ?? (await readEngines(pair));
  onNote('stage: finish');
  await finish(pair, { desired, id: run.id, engines, onNote, ...(signal ? { signal } : {}) });
  return { stage: 'done', rows, pauseMs: run.pauseMs };
}

/** What a move has done so far; undefined when there is none. */
export interface MoveStatus extends Run, PartCounts {
  /** Slices, keys and chunks that have changed since they were copied. */
  readonly changes: number;
}

export async function readMove(pair: Pair): Promise<MoveStatus | undefined> {
  const run = await readRun(pair.source);
  if (run === undefined) return undefined;
  const { rows } = await pair.source.query<{ changes: number }>(
    `SELECT count(*)::int AS changes FROM ${SCHEMA}.change`,
  );
  return { ...run, ...(await countParts(pair.source)), changes: rows[0]?.changes ?? 0 };
}

/**
 * Ends a move before its cut-over: nothing of it stays at the source, and the target keeps what it has.
 * @throws RefusedError after the cut-over.
 */
export async function abortMove(pair: Pair, target: string): Promise<boolean> {
  const run = await readRun(pair.source);
  if (run === undefined) return false;
  requireSameTarget(run, target);
  if (run.stage === 'moved' || run.stage === 'done')
    throw new RefusedError(
      `this database has moved to ${run.target}, where writers may have written since; ending the move now would lose their rows. To go back, move from there to an empty database`,
    );
  const { source } = await readEngines(pair);
  await resumeJobs(pair.source, source);
  const { rows } = await pair.source.query<{ name: string }>(
    `SELECT DISTINCT t.tgrelid::regclass::text AS name FROM pg_trigger t
      WHERE t.tgname = 'zz_tsdb_move_truncate' AND NOT t.tgisinternal`,
  );
  await endCapture(
    pair.source,
    rows.map(({ name }) => ({ kind: 'keys', source: name })),
  );
  return true;
}
