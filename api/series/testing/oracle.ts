// Figures of series, computed without SQL and without the code under test: buckets by a clock that is read minute by minute.
import type { Sample } from './oracle-data';

const MINUTE = 60_000;
const DAY = 86_400_000;
/** A Monday, from which buckets count. */
const MONDAY = Date.UTC(2000, 0, 3);

/** Width of buckets: months, or minutes. */
export type Width = { readonly months: number } | { readonly minutes: number };

/** Starts of the buckets from the one that holds `from` to the first one that is not before `to`; milliseconds. */
export function starts(width: Width, zone: string, from: number, to: number): readonly number[] {
  const length = 'months' in width ? width.months * 31 * DAY : width.minutes * MINUTE;
  const isShort = length < DAY;
  const offset = offsets(zone, from - length - 3 * DAY, to + length + 3 * DAY);
  const found: number[] = [];
  let [furthest, day, number] = [Number.NEGATIVE_INFINITY, Number.NaN, 0];
  // The number of a bucket of days changes at midnight.
  const bucketAt = (wall: number): number => {
    if (isShort || ('minutes' in width && width.minutes % 1_440 !== 0)) return grid(width, wall);
    if (Math.floor(wall / DAY) !== day) [day, number] = [Math.floor(wall / DAY), grid(width, wall)];
    return number;
  };
  const hour = 60 * MINUTE;
  for (let at = Math.floor((from - length - 3 * DAY) / hour) * hour; ; at += MINUTE) {
    // In most hours nothing can begin.
    const isQuiet = !isShort && at % hour === 0 && offset(at) === offset(at + hour);
    if (isQuiet && bucketAt(at + hour + offset(at)) <= furthest) {
      at += hour - MINUTE;
      continue;
    }
    const [before, now] = [at - MINUTE + offset(at - MINUTE), at + offset(at)];
    const index = bucketAt(now);
    const begins = isShort ? isShown(length, before, now) : index > furthest;
    furthest = Math.max(furthest, index);
    if (!begins) continue;
    if (at <= from) found.length = 0;
    found.push(at);
    if (at >= to) return found;
  }
}

/** Whether the clock shows a multiple of the length after it showed `before` a minute ago, or has jumped over one. */
function isShown(length: number, before: number, now: number): boolean {
  const multiple = (wall: number): boolean => (wall - MONDAY) % length === 0;
  if (multiple(now)) return true;
  const jump = now - before - MINUTE;
  if (jump <= 0 || jump % length === 0) return false;
  for (let wall = before + MINUTE; wall <= now; wall += MINUTE) if (multiple(wall)) return true;
  return false;
}

/** The number of the bucket that a wall time lies in. */
function grid(width: Width, wall: number): number {
  if ('minutes' in width) return Math.floor((wall - MONDAY) / (width.minutes * MINUTE));
  const date = new Date(wall);
  return Math.floor(((date.getUTCFullYear() - 2000) * 12 + date.getUTCMonth()) / width.months);
}

/** What the clocks are ahead of UTC, in milliseconds: the parts of the local date, read every hour, and every minute where they differ. */
function offsets(zone: string, from: number, to: number): (at: number) => number {
  const key = (at: number): number => Math.floor(at / (60 * MINUTE));
  const format = new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
  });
  const read = (at: number): number => {
    const [day = 0, month = 0, year = 0, hour = 0, minute = 0] =
      format.format(at).match(/\d+/g)?.map(Number) ?? [];
    return Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / MINUTE) * MINUTE;
  };
  const cache = caches.get(zone) ?? new Map<number, number>();
  caches.set(zone, cache);
  const hourly = (hour: number): number => {
    const known = cache.get(hour) ?? read(hour * 60 * MINUTE);
    cache.set(hour, known);
    return known;
  };
  for (let hour = key(from); hour <= key(to) + 1; hour += 1) hourly(hour);
  return (at) => {
    const [left, right] = [hourly(key(at)), hourly(key(at) + 1)];
    return left === right ? left : read(at);
  };
}

const caches = new Map<string, Map<number, number>>();

/** The rows of a series, in order of time, and of each column its samples: of several at the same time the largest counts. */
export interface Series {
  readonly rows: readonly Sample[];
  readonly samples: Readonly<Record<'value' | 'counter', readonly Point[]>>;
}

interface Point {
  readonly time: number;
  readonly value: number;
}

/** The rows as a series. */
export function seriesOf(rows: readonly Sample[]): Series {
  const samples = (column: 'value' | 'counter'): readonly Point[] => {
    const at = new Map<number, number>();
    for (const { time, [column]: value } of rows)
      if (value !== null) at.set(time, Math.max(value, at.get(time) ?? value));
    return [...at].map(([time, value]) => ({ time, value }));
  };
  return { rows, samples: { value: samples('value'), counter: samples('counter') } };
}

/** How many are before a time; microseconds. */
export function position(rows: readonly { readonly time: number }[], time: number): number {
  let [low, high] = [0, rows.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((rows[middle]?.time ?? 0) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Rows of one bucket and series. */
export interface Group {
  readonly series: Series;
  /** In order of time. */
  readonly rows: readonly Sample[];
  /** Start and end of the bucket, microseconds. */
  readonly start: number;
  readonly end: number;
}

/** A figure: its value, or the values that are as right, where rows have the same time. */
export function figure(field: string, group: Group): readonly (number | string | null)[] {
  const [, fn = field, column = ''] = /^(\w+)\((.*)\)$/.exec(field) ?? [];
  const { rows } = group;
  const of = (row: Sample) => row[column as 'value' | 'counter'];
  const values = rows.map(of).filter((value) => value !== null);
  const sorted = () => [...values].sort((a, b) => a - b);
  const sum = values.reduce((total, value) => total + value, 0);
  const some = <T>(value: T): readonly (T | null)[] => [values.length === 0 ? null : value];
  switch (fn) {
    case 'count':
      return [column === '*' ? rows.length : values.length];
    case 'distinct':
      return [new Set(values).size];
    case 'avg':
      return some(sum / values.length);
    case 'sum':
      return some(sum);
    case 'min':
      return some(values.reduce((least, value) => Math.min(least, value), Number.POSITIVE_INFINITY));
    case 'max':
      return some(values.reduce((most, value) => Math.max(most, value), Number.NEGATIVE_INFINITY));
    case 'stddev': {
      const squares = values.reduce((total, value) => total + (value - sum / values.length) ** 2, 0);
      return [values.length < 2 ? null : Math.sqrt(squares / (values.length - 1))];
    }
    case 'first':
      return rows.filter(({ time }) => time === rows[0]?.time).map(of);
    case 'last':
      return rows.filter(({ time }) => time === rows.at(-1)?.time).map(of);
    case 'rate':
    case 'delta':
    case 'increase':
    case 'twa':
      return [sequence(fn, group, group.series.samples[column as 'value' | 'counter'])];
    default:
      return some(percentile(fn === 'median' ? 0.5 : Number(fn.slice(1)) / 100, sorted()));
  }
}

function percentile(fraction: number, sorted: readonly number[]): number {
  const at = fraction * (sorted.length - 1);
  const [low = 0, high = 0] = [sorted[Math.floor(at)], sorted[Math.ceil(at)]];
  return low + (high - low) * (at - Math.floor(at));
}

/** What is between two samples belongs to the bucket of the later one. */
function sequence(fn: string, { start, end }: Group, all: readonly Point[]): number | null {
  const [first, last] = [position(all, start), position(all, end)];
  if (first === last) return null;
  const [before, inside] = [all[first - 1], all.slice(first, last)];
  if (fn === 'twa') {
    let [area, seconds] = [0, 0];
    const held = [...(before ? [{ time: start, value: before.value }] : []), ...inside];
    for (const [index, { time, value }] of held.entries()) {
      const length = ((held[index + 1]?.time ?? end) - time) / 1e6;
      area += value * length;
      seconds += length;
    }
    return area / seconds;
  }
  const line = [...(before ? [before] : []), ...inside];
  if (line.length < 2) return null;
  const [from, to] = [line[0] as Point, line.at(-1) as Point];
  if (fn === 'delta') return to.value - from.value;
  let increase = 0;
  for (const [index, { value }] of line.slice(1).entries()) {
    const earlier = line[index]?.value ?? 0;
    increase += value >= earlier ? value - earlier : value;
  }
  return fn === 'increase' ? increase : increase / ((to.time - from.time) / 1e6);
}
