// How far a standby is behind its primary: by the age of the newest position of the primary that the standby has replayed. The time of
// the last replayed transaction would not do: it grows while nothing is written. Nor would the standby's own view: one that is cut off
// has replayed all that it has received.

import type { Pool } from 'pg';
import type { Guard } from './session-settings';

/** The reason why a standby must not answer. */
export class StandbyError extends Error {
  override name = 'StandbyError';
}

/** Both servers are asked for these. A copy of the whole server has the same numbers. */
const IDENTITY = `(SELECT system_identifier FROM pg_catalog.pg_control_system())::text AS system,
  (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())::text AS database, pg_catalog.pg_is_in_recovery() AS recovering`;

// After a failover, a standby shows the new timeline as soon as it has written out a page of it.
const OF_STANDBY = `${IDENTITY}, pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_last_wal_replay_lsn(), '0/0')::text AS position,
  greatest((SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()), (SELECT min_recovery_end_timeline FROM pg_catalog.pg_control_recovery()))::text AS timeline`;

const OF_PRIMARY = `SELECT ${IDENTITY},
  CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0')::text END AS position,
  CASE WHEN NOT pg_catalog.pg_is_in_recovery() THEN ('x' || left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_lsn()), 8))::bit(32)::int::text END AS timeline`;

interface Row {
  readonly system: string;
  readonly database: string;
  readonly recovering: boolean;
  readonly position: string | null;
  readonly timeline: string | null;
}

/** A position of the primary, and a time at which it had it already. */
interface Sample {
  readonly at: number;
  readonly position: bigint;
}

/** Knows where the primary is, and judges standbys by it. */
export interface PrimaryPositions {
  /** Asks the primary; never throws. */
  look(): Promise<void>;
  /** How long ago the primary was where a standby is now, in milliseconds; undefined when it is longer than is known. */
  lagOf(position: bigint): number | undefined;
  /** Lets only a standby of this primary pass that is not further behind than the limit. */
  readonly guard: Guard;
}

/** `now` is a clock in milliseconds. */
export function watchPrimary(
  pool: Pool,
  limitMs: number,
  now: () => number = () => performance.now(),
): PrimaryPositions {
  let primary: Row | undefined;
  let samples: readonly Sample[] = [];
  const lagOf = (position: bigint): number | undefined => {
    const known = samples.findLast((sample) => sample.position <= position);
    return known && now() - known.at;
  };
  return {
    look: async () => {
      const at = now();
      try {
        const { rows } = await pool.query<Row>(OF_PRIMARY);
        const [row] = rows;
        primary = row;
        if (row?.position == null) return;
        // One that is older than the limit tells how much too old a standby is, up to a point.
        const kept = samples.filter((sample) => at - sample.at <= 2 * limitMs);
        samples = [...kept, { at, position: BigInt(row.position) }];
      } catch {
        // The newest position grows old, and with it every standby.
      }
    },
    lagOf,
    guard: {
      columns: OF_STANDBY,
      check: (row) => {
        const standby = row as unknown as Row;
        if (primary === undefined) throw new StandbyError('the primary has not answered yet');
        const reason = whyForeign(standby, primary);
        if (reason !== undefined) throw new StandbyError(reason);
        const lag = lagOf(BigInt(standby.position ?? 0));
        if (lag !== undefined && lag <= limitMs) return;
        throw new StandbyError(tooOld(lag, limitMs, now() - (samples.at(-1)?.at ?? now())));
      },
    },
  };
}

function whyForeign(standby: Row, primary: Row): string | undefined {
  if (primary.recovering)
    return 'the server of DATABASE_URL is itself a standby, so nobody knows what this one lacks';
  if (standby.system !== primary.system)
    return `it is no copy of the server of DATABASE_URL: its system identifier is ${standby.system}, not ${primary.system}`;
  if (standby.database !== primary.database)
    return 'its URL names another database than DATABASE_URL; only the same database has the same rows';
  if (!standby.recovering)
    return 'it is not a standby: it was promoted, or it is the primary itself. A server that was promoted may have other rows than the primary';
  // A standby of another timeline follows another primary: after a failover, one of two that both believe to be it.
  if (standby.timeline !== primary.timeline)
    return `it is on timeline ${standby.timeline} and the primary on ${primary.timeline}: it follows another server, or has not restarted from a point after the failover yet`;
  return undefined;
}

function tooOld(lag: number | undefined, limitMs: number, silentMs: number): string {
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1);
  const limit = `the limit is ${limitMs / 1_000} s, TSDB_READ_LAG_SECONDS`;
  if (silentMs > limitMs)
    return `the primary has not answered for ${seconds(silentMs)} s, so nobody knows what this standby lacks (${limit})`;
  if (lag === undefined) return `it lacks what the primary wrote since it is watched (${limit})`;
  return `it is ${seconds(lag)} s behind (${limit})`;
}
