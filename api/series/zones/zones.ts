// Time zones by their IANA names: when the clocks of a zone change, and by how much. The zones are those of the API's own runtime, so that
// every database gives the same buckets.

import { ProblemError } from '../../http/problems';
import { floorDivide, instantOf } from '../../http/time';

/** A stretch of time in which a zone's clocks are the same. */
export interface Span {
  /** Its first instant, in microseconds since 1970. */
  readonly from: bigint;
  /** What the clocks are ahead of UTC, in microseconds. */
  readonly offset: bigint;
}

/** A time zone. */
export interface Zone {
  /** As the client wrote it. */
  readonly name: string;
  /** The spans from one instant to another, in order; the first one begins at `from`. */
  spans(from: bigint, to: bigint): readonly [Span, ...Span[]];
}

/**
 * The zone with an IANA name, in any case.
 * @throws ProblemError (bad-zone) that names it.
 */
export function zoneNamed(name: string): Zone {
  const clock = clocks.get(name.toLowerCase()) ?? clockOf(name);
  if (clock === undefined)
    throw new ProblemError(
      'bad-zone',
      `This server knows no time zone ${JSON.stringify(name.slice(0, 60))}; write an IANA name, for example tz=Europe/Berlin or tz=UTC`,
    );
  clocks.set(name.toLowerCase(), clock);
  return { name, spans: (from, to) => spansOf(clock, from, to) };
}

/** The changes of a zone's clocks by year, as far as anybody asked. */
interface Clock {
  readonly offsetAt: (ms: number) => number;
  readonly changes: Map<number, readonly number[]>;
}

// At most as many entries as the runtime knows names.
const clocks = new Map<string, Clock>();

function clockOf(name: string): Clock | undefined {
  // Newer runtimes also take offsets such as +05:30, which are not names.
  if (!/^[a-z]/i.test(name)) return undefined;
  try {
    const format = new Intl.DateTimeFormat('en-US', { timeZone: name, timeZoneName: 'longOffset' });
    return { offsetAt: (ms) => offsetIn(format.format(ms)), changes: new Map() };
  } catch {
    return undefined;
  }
}

/** Milliseconds of `1/1/2026, GMT+05:45`, or in the time before standard time `GMT+00:53:28`. */
function offsetIn(text: string): number {
  const [, sign, hours = 0, minutes = 0, seconds = 0] =
    /GMT(?:([+-])(\d+):(\d+)(?::(\d+))?)?$/.exec(text) ?? [];
  const size = ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1_000;
  return sign === '-' ? -size : size;
}

// No clock followed a standard time before, and nobody knows the rules of that far future.
const [FIRST_YEAR, LAST_YEAR] = [1800, 2200];
const [FIRST, LAST] = [instantOf(`${FIRST_YEAR}-01-01T00:00:00Z`), instantOf(`${LAST_YEAR}-01-01T00:00:00Z`)];

function spansOf(clock: Clock, from: bigint, to: bigint): readonly [Span, ...Span[]] {
  const spans: [Span, ...Span[]] = [{ from, offset: offsetAt(clock, from) }];
  for (let year = yearOf(from); year <= yearOf(to); year += 1) {
    for (const ms of changesOf(clock, year)) {
      const at = BigInt(ms) * 1_000n;
      if (at > from && at <= to) spans.push({ from: at, offset: offsetAt(clock, at) });
    }
  }
  return spans;
}

function offsetAt({ offsetAt }: Clock, at: bigint): bigint {
  const known = at < FIRST ? FIRST : at >= LAST ? LAST : at;
  return BigInt(offsetAt(Number(floorDivide(known, 1_000n)))) * 1_000n;
}

const yearOf = (at: bigint): number =>
  at < FIRST
    ? FIRST_YEAR
    : at >= LAST
      ? LAST_YEAR - 1
      : new Date(Number(floorDivide(at, 1_000n))).getUTCFullYear();

// No zone has ever gone back to the same offset within three days, so no change lies unseen between two probes.
const PROBE_MS = 3 * 86_400_000;

function changesOf(clock: Clock, year: number): readonly number[] {
  const known = clock.changes.get(year);
  if (known !== undefined) return known;
  const found: number[] = [];
  const [start, end] = [Date.UTC(year, 0, 1), Date.UTC(year + 1, 0, 1)];
  for (let left = start; left < end; left += PROBE_MS) {
    const right = Math.min(left + PROBE_MS, end);
    if (clock.offsetAt(left) !== clock.offsetAt(right)) found.push(changeBetween(clock, left, right));
  }
  clock.changes.set(year, found);
  return found;
}

/** The first instant with the later offset; changes happen at whole seconds. */
function changeBetween({ offsetAt }: Clock, left: number, right: number): number {
  let [before, after] = [left / 1_000, right / 1_000];
  const offset = offsetAt(left);
  while (after - before > 1) {
    const middle = Math.floor((before + after) / 2);
    if (offsetAt(middle * 1_000) === offset) before = middle;
    else after = middle;
  }
  return after * 1_000;
}
