// Rows that came too late for the aggregates: no refresh policy looks back as far as they lie.
import { type ContinuousAggregate, nameOf } from '../../db/define';
import { parseDuration } from '../../db/interval';
import { before, timeText } from '../series/calendar';
import { rootOf } from '../tables';
import type { Row } from './rows';

/** Late rows of a write, and what brings them into the aggregates. */
export interface Late {
  readonly rows: number;
  readonly from: string;
  readonly to: string;
  readonly way_out: string;
}

/**
 * The rows that lie before the refresh window of an aggregate of theirs; null when there are none. Stored they are, and raw
 * answers have them, but aggregates will not until somebody refreshes that range.
 * @param now microseconds since 1970.
 */
export function lateRows(
  aggregates: readonly ContinuousAggregate[],
  rows: readonly Pick<Row, 'time'>[],
  now: bigint,
): Late | null {
  const edges = aggregates
    .filter(({ from }) => from.kind === 'hypertable')
    .map(({ refresh }) => timeText(before(now, parseDuration(refresh.startOffset))));
  const edge = edges.sort().at(-1)?.slice(0, TO_SECONDS);
  if (edge === undefined) return null;
  // Whole seconds compare as text; windows are minutes at least.
  const times = rows.flatMap(({ time }) => (time.slice(0, TO_SECONDS) < edge ? [time] : []));
  let [from, to] = [times[0], times[0]];
  if (from === undefined || to === undefined) return null;
  for (const time of times) {
    if (time < from) from = time;
    if (time > to) to = time;
  }
  const tables = [...new Set(aggregates.map((aggregate) => nameOf(rootOf(aggregate))))].join(', ');
  return {
    rows: times.length,
    from,
    to,
    way_out: `The aggregates of ${tables} are not refreshed that far back by themselves; run: tsdb refresh --from ${from} --to ${endAfter(to)}`,
  };
}

const TO_SECONDS = '2026-11-20T10:00:00'.length;

/** The end of a range is exclusive: the next full second includes the row. */
const endAfter = (time: string): string =>
  new Date(Date.parse(`${time.slice(0, TO_SECONDS)}Z`) + 1_000).toISOString().replace('.000Z', 'Z');
