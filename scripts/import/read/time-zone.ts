// Turns local times of a file into UTC. Twice a year the clocks of many zones skip an hour or show it a second time.
import { IANAZone } from 'luxon';
import { UsageError } from '../../../db/core/errors';
import type { RepeatedTimes } from '../options';

/** A time in UTC, or why there is none. */
export type ReadTime = string | { readonly reason: string };

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Hours whose offset is remembered; a file has seldom more. */
const MOST_HOURS = 100_000;

/** The local times of a zone. */
export interface LocalTimes {
  /**
   * Reads a local time. It is given and returned as a canonical time (RFC 3339 with Z): `2026-07-01T12:00:00Z` in Europe/Berlin
   * becomes `2026-07-01T10:00:00Z`.
   */
  read(local: string): ReadTime;
  /** Milliseconds that the local times of an hour are ahead of UTC; undefined for an hour in which the clocks were changed. */
  offsetAt(localMs: number): number | undefined;
}

/** @throws UsageError for a name that is no IANA time zone. */
export function localTimes(zone: string, repeated: RepeatedTimes): LocalTimes {
  // An offset such as +02 would be a zone to some programs, with the opposite sign in PostgreSQL.
  if (!/^[A-Za-z]/.test(zone) || !IANAZone.isValidZone(zone))
    throw new UsageError(
      `--zone ${zone} is not a time zone; give a name of the IANA list, e.g. UTC or Europe/Berlin`,
    );
  if (zone === 'UTC') return { read: (local) => local, offsetAt: () => 0 };
  const known = IANAZone.create(zone);
  const hours = new Map<number, number | undefined>();
  // Most hours have one offset, and asking for it takes longer than reading the time.
  const offsetAt = (localMs: number): number | undefined => {
    const hour = Math.floor(localMs / HOUR_MS);
    if (hours.has(hour)) return hours.get(hour);
    const [first, ...more] = offsetsAt(known, hour * HOUR_MS);
    const last = offsetsAt(known, (hour + 1) * HOUR_MS - 1);
    const offset = more.length === 0 && last.length === 1 && last[0] === first ? first : undefined;
    if (hours.size >= MOST_HOURS) hours.clear();
    hours.set(hour, offset);
    return offset;
  };
  const read = (local: string): ReadTime => {
    const ms = Date.parse(`${local.slice(0, 19)}Z`);
    const simple = offsetAt(ms);
    if (simple !== undefined) return moved(local, ms - simple);
    const offsets = offsetsAt(known, ms);
    // The larger offset is that of the earlier instant.
    const [earlier, later] = [Math.max(...offsets), Math.min(...offsets)];
    const shown = local.replace('Z', '');
    if (offsets.length === 0)
      return { reason: `the local time ${shown} does not exist in ${zone}, because the clocks skipped it` };
    if (offsets.length === 1 || repeated === 'earlier') return moved(local, ms - earlier);
    if (repeated === 'later') return moved(local, ms - later);
    return {
      reason: `the local time ${shown} exists twice in ${zone} (${instant(ms - earlier)} and ${instant(ms - later)}); say which one is meant with --repeated-times earlier or later`,
    };
  };
  return { read, offsetAt };
}

/** The offsets, in milliseconds, with which a local time is a time of the zone: none, one or two. */
function offsetsAt(zone: IANAZone, localMs: number): readonly number[] {
  const near = [localMs - DAY_MS, localMs + DAY_MS].map((ms) => offsetMs(zone, ms));
  return [...new Set(near)].filter((offset) => offsetMs(zone, localMs - offset) === offset);
}

const offsetMs = (zone: IANAZone, ms: number): number => Math.round(zone.offset(ms) * 60_000);

const instant = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19)}Z`;

/** The instant, with the fraction that the local time has. */
const moved = (local: string, ms: number): string =>
  `${new Date(ms).toISOString().slice(0, 19)}${local.slice(19)}`;
