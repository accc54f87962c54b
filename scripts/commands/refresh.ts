// tsdb refresh: compute buckets again, sources first.
import { UsageError } from '../../db/core/errors';
import { invocation } from '../../db/core/invocation';
import { counted } from '../../db/core/quantities';
import type { Desired } from '../../db/language/desired';
import { nameOf } from '../../db/language/names';
import type { EngineName } from '../../db/model';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { describeKept } from '../../db/upkeep/history-guard';
import { type RefreshProgress, type RefreshResult, refreshAggregates } from '../../db/upkeep/refresh';
import type { RefreshWindow } from '../../db/upkeep/refresh-slices';
import { readContext, requireConnection } from '../context';
import { parseHazards } from '../hazards';
import { note, type Progress, print, printJson, progressBar } from '../output';

export interface RefreshFlags {
  readonly from?: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly allow?: string;
  readonly batch: number;
  readonly newestFirst?: boolean;
  readonly json?: boolean;
}

/** Refreshes one aggregate or all of them, slice by slice; a signal stops it after the slice under way (exit code 130). */
export async function refresh(
  name: string | undefined,
  flags: RefreshFlags,
  signal: AbortSignal,
): Promise<number> {
  const { config, desired } = readContext();
  const aggregates = name === undefined ? desired.aggregates : [find(desired, name)];
  const window = parseWindow(flags);
  const bars = new Bars();
  const { engine, results } = await withConnection(requireConnection(config), async (db) => {
    const server = await withRollback(db, () => readServer(db));
    const onDone = (result: RefreshResult): void => {
      bars.stop();
      note(describeRefresh(result));
    };
    const options = {
      force: flags.force === true,
      losesHistory: parseHazards(flags.allow ?? '', ['loses-history']).length > 0,
      batch: flags.batch,
      newestFirst: flags.newestFirst === true,
      signal,
      onSlice: (progress: RefreshProgress) => bars.show(progress),
    };
    try {
      const refreshed = await refreshAggregates(db, server.engine, aggregates, window, onDone, options);
      return { engine: server.engine, results: refreshed };
    } finally {
      bars.stop();
    }
  });
  if (flags.json) printJson(results);
  else print(`${counted(results.length, 'aggregate')} refreshed`);
  if (results.length === aggregates.length && results.every(({ complete }) => complete)) return 0;
  note(describeStop(results, engine, flags));
  return INTERRUPTED;
}

const INTERRUPTED = 130;

/** One line for people. */
export function describeRefresh({
  aggregate,
  from,
  to,
  kept,
  slices,
  complete,
  milliseconds,
}: RefreshResult): string {
  const nothing = kept === null ? 'no complete bucket in the range' : 'nothing refreshed';
  const range =
    from === null
      ? `${complete ? nothing : 'stopped before the first slice'}`
      : `${complete ? 'refreshed' : 'stopped; refreshed'} ${from === '-infinity' ? 'from the beginning' : `from ${from}`} to ${to}`;
  const effort = from === null ? '' : `${slices > 1 ? `, ${slices} slices` : ''} in ${milliseconds} ms`;
  return `${aggregate}: ${range}${effort}${kept === null ? '' : `; ${describeKept(aggregate, kept)}`}`;
}

// TimescaleDB knows what is fresh, unless it is told not to look.
function describeStop(
  results: readonly RefreshResult[],
  engine: EngineName,
  { force, newestFirst }: RefreshFlags,
): string {
  const last = results.find(({ complete }) => !complete);
  const rest = 'interrupted: all finished slices are kept';
  if (engine === 'timescaledb' && force !== true)
    return `${rest}; run the same command again to continue with what is not up to date`;
  if (last === undefined || last.from === null || last.to === null || newestFirst === true)
    return `${rest}; the same command starts from the beginning`;
  return `${rest}; continue with "${invocation(`refresh ${last.aggregate} --from ${last.to}`)}", and then refresh the aggregates that are built on it`;
}

// One bar at a time.
class Bars {
  private current: { readonly aggregate: string; readonly bar: Progress } | undefined;

  show({ aggregate, done, total }: RefreshProgress): void {
    if (this.current?.aggregate !== aggregate) {
      this.stop();
      this.current = { aggregate, bar: progressBar(aggregate, total, 'buckets') };
    }
    this.current.bar.advanceTo(done);
  }

  stop(): void {
    this.current?.bar.stop();
    this.current = undefined;
  }
}

function find(desired: Desired, name: string): Desired['aggregates'][number] {
  const found = desired.aggregates.find((aggregate) => nameOf(aggregate) === name || aggregate.name === name);
  if (found) return found;
  throw new UsageError(
    `${name} is not a declared aggregate; choose from ${desired.aggregates.map(nameOf).join(', ')}`,
  );
}

function parseWindow({ from, to }: RefreshFlags): RefreshWindow {
  const parse = (flag: string, text: string): Date => {
    const date = new Date(text);
    if (Number.isNaN(date.getTime()))
      throw new UsageError(`${flag} "${text}" is not a time; write e.g. 2026-11-01 or 2026-11-01T12:00:00Z`);
    return date;
  };
  const window = {
    ...(from === undefined ? {} : { from: parse('--from', from) }),
    // Exclusive: the last moment before it, so that the end of a bucket does not stand for the next bucket.
    ...(to === undefined ? {} : { to: new Date(parse('--to', to).getTime() - 1) }),
  };
  if (window.from && window.to && window.from > window.to) throw new UsageError('--from must be before --to');
  return window;
}
