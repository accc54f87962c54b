// Rows that came too late: they are older than the window of every refresh policy, or retention is about to drop them.
import { invocation } from '../../../db/core/invocation';
import type { ContinuousAggregate } from '../../../db/language/aggregate';
import type { Hypertable } from '../../../db/language/hypertable';
import { parseDuration } from '../../../db/language/interval';
import { nameOf } from '../../../db/language/names';
import { timeText } from '../../http/time';
import { before } from '../../series/calendar';
import type { CheckedRow } from '../rows';

/** Late rows of a write, and how to bring them into the aggregates. */
export interface Late {
  readonly rows: number;
  readonly from: string;
  readonly to: string;
  readonly way_out: string;
}

/**
 * The rows that are older than the refresh window of an aggregate or than the retention of the table; null when there are none.
 * They are stored and appear in raw answers, but aggregates do not contain them until somebody refreshes that range.
 * @param now microseconds since 1970.
 */
export function lateRows(
  table: Pick<Hypertable, 'schema' | 'name' | 'retention'>,
  aggregates: readonly ContinuousAggregate[],
  rows: readonly Pick<CheckedRow, 'at'>[],
  now: bigint,
): Late | null {
  const edges = aggregates
    .filter(({ from }) => from.kind === 'hypertable')
    .map(({ refresh }) => secondsOf(before(now, parseDuration(refresh.startOffset))));
  // Rows that retention drops are late for every aggregate and for the table itself.
  const expiry =
    table.retention === undefined
      ? Number.NEGATIVE_INFINITY
      : secondsOf(before(now, parseDuration(table.retention)));
  const edge = edges.length === 0 ? expiry : Math.max(...edges);
  // Times are compared in whole seconds; windows are at least minutes long.
  let [late, expired, first, last] = [0, 0, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { at } of rows) {
    const seconds = Math.floor(at / SECOND);
    if (seconds >= edge) continue;
    late += 1;
    if (seconds < expiry) expired += 1;
    if (at < first) first = at;
    if (at > last) last = at;
  }
  if (late === 0) return null;
  const [from, to] = [timeText(BigInt(first)), timeText(BigInt(last))];
  return {
    rows: late,
    from,
    to,
    way_out: [
      ...(expired > 0
        ? [
            `${expired} of them are older than the ${table.retention} that ${nameOf(table)} keeps, so its next retention run deletes them; check their times`,
          ]
        : []),
      ...(edges.length > 0
        ? [
            `No refresh policy of ${nameOf(table)} looks that far back; run: ${invocation(`refresh --from ${from} --to ${endAfter(last)}`)}`,
          ]
        : []),
    ].join('. '),
  };
}

const SECOND = 1_000_000;

const secondsOf = (at: bigint): number => Math.floor(Number(at) / SECOND);

/** The end of a range is exclusive: the next full second includes the row. */
const endAfter = (at: number): string => timeText(BigInt((Math.floor(at / SECOND) + 1) * SECOND));
