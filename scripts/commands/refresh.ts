// tsdb refresh: compute buckets again, sources first.
import { withConnection, withRollback } from '../../db/connection';
import { nameOf } from '../../db/define';
import { UsageError } from '../../db/errors';
import type { Desired } from '../../db/model';
import { type RefreshResult, type RefreshWindow, refreshAggregates } from '../../db/refresh';
import { readServer } from '../../db/server';
import { readContext, requireConnection } from '../context';
import { note, print, printJson } from '../output';

export interface RefreshFlags {
  readonly from?: string;
  readonly to?: string;
  readonly json?: boolean;
}

/** Refreshes one aggregate or all of them. */
export async function refresh(name: string | undefined, flags: RefreshFlags): Promise<number> {
  const { config, desired } = readContext();
  const aggregates = name === undefined ? desired.aggregates : [find(desired, name)];
  const window = parseWindow(flags);
  const results = await withConnection(requireConnection(config), async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    return refreshAggregates(db, engine, aggregates, window, (result) => note(describeRefresh(result)));
  });
  if (flags.json) printJson(results);
  else print(`${results.length} aggregates refreshed`);
  return 0;
}

/** One line for people. */
export function describeRefresh({ aggregate, from, to, keptBefore, milliseconds }: RefreshResult): string {
  const done =
    from === null
      ? 'no complete bucket in the window'
      : `refreshed ${from === '-infinity' ? 'from the beginning' : `from ${from}`} to ${to} in ${milliseconds} ms`;
  const kept =
    keptBefore === null
      ? ''
      : `; buckets before ${keptBefore} are kept as they are, their source rows are past retention`;
  return `${aggregate}: ${done}${kept}`;
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
    ...(to === undefined ? {} : { to: parse('--to', to) }),
  };
  if (window.from && window.to && window.from >= window.to)
    throw new UsageError('--from must be before --to');
  return window;
}
