// Rows that came too late: they are older than the window of every refresh policy, or retention is about to drop them.
import { invocation } from '../../../db/core/invocation';
import type { ContinuousAggregate } from '../../../db/language/aggregate';
import type { Hypertable } from '../../../db/language/hypertable';
import { parseDuration } from '../../../db/language/interval';
import { nameOf } from '../../../db/language/names';
import { instantOf, timeText } from '../../http/time';
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
  rows: readonly Pick<CheckedRow, 'time'>[],
  now: bigint,
): Late | null {
  const edges = aggregates
    .filter(({ from }) => from.kind === 'hypertable')
    .map(({ refresh }) => timeText(before(now, parseDuration(refresh.startOffset))));
  // Rows that retention drops are late for every aggregate and for the table itself.
  const expiry =
    table.retention === undefined
      ? ''
      : timeText(before(now, parseDuration(table.retention))).slice(0, TO_SECONDS);
  const edge = (edges.sort().at(-1) ?? expiry).slice(0, TO_SECONDS);
  // Times are compared as texts up to whole seconds; windows are at least minutes long.
  const times = rows.flatMap(({ time }) => (time.slice(0, TO_SECONDS) < edge ? [time] : []));
  let [from, to] = [times[0], times[0]];
  if (from === undefined || to === undefined) return null;
  for (const time of times) {
    if (time < from) from = time;
    if (time > to) to = time;
  }
  const expired = times.filter((time) => time.slice(0, TO_SECONDS) < expiry).length;
  return {
    rows: times.length,
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
            `No refresh policy of ${nameOf(table)} looks that far back; run: ${invocation(`refresh --from ${from} --to ${endAfter(to)}`)}`,
          ]
        : []),
    ].join('. '),
  };
}

const TO_SECONDS = '2026-11-20T10:00:00'.length;

/** The end of a range is exclusive: the next full second includes the row. */
const endAfter = (time: string): string => timeText(instantOf(`${time.slice(0, TO_SECONDS)}Z`) + 1_000_000n);
