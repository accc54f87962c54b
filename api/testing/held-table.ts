// A table that is locked by a separate session, so that a test decides when requests that need the table continue.
import { Client } from 'pg';
import { waitFor } from '../../db/local/testing/wait';

/** A lock that is held. */
export interface HeldTable {
  /** Waits until at least this many sessions wait for the lock; jobs of TimescaleDB do not count. */
  hasWaiting(sessions: number): Promise<void>;
  /** Ends the sessions that wait for the lock; returns their number when they are gone. */
  endWaiting(): Promise<number>;
  /** Releases the table; a second call changes nothing. */
  release(): Promise<void>;
}

/** `EXCLUSIVE` lets others read, `ACCESS EXCLUSIVE` does not. */
export type LockMode = 'EXCLUSIVE' | 'ACCESS EXCLUSIVE';

/** Locks `sensor_data`. */
export const holdTable = (url: string, mode: LockMode = 'ACCESS EXCLUSIVE'): Promise<HeldTable> =>
  hold(url, `LOCK TABLE sensor_data IN ${mode} MODE`);

/** Claims idempotency keys of a client like a write that is not done yet. */
export const holdKeys = (url: string, client: string, keys: readonly string[]): Promise<HeldTable> =>
  hold(
    url,
    `INSERT INTO service.ingest_request (client, key, body_digest, status, answer)
     SELECT $1, key, '', 0, '{}' FROM unnest($2::text[]) AS key`,
    [client, keys],
  );

async function hold(url: string, sql: string, values: readonly unknown[] = []): Promise<HeldTable> {
  const client = new Client({ connectionString: url });
  await client.connect();
  await client.query('BEGIN');
  await client.query(sql, [...values]);
  const ask = async (select: string): Promise<number> => {
    // Otherwise a transaction would always see the sessions as they were at its first look.
    await client.query('SELECT pg_stat_clear_snapshot()');
    // All sessions are found before the first one is ended, because others may take its place.
    const { rows } = await client.query<{ n: number }>(
      `SELECT count(${select})::int AS n FROM unnest(ARRAY(${WAITING})) AS pid`,
    );
    return rows[0]?.n ?? 0;
  };
  let isHeld = true;
  return {
    hasWaiting: async (sessions) => {
      const what = `${sessions} sessions wait for the lock`;
      // Programs that a test starts may have to begin first.
      await waitFor(what, async () => (await ask('*')) >= sessions, { atMostMs: 60_000 });
    },
    endWaiting: () => ask('CASE WHEN pg_terminate_backend(pid, 30000) THEN 1 END'),
    release: async () => {
      if (!isHeld) return;
      isHeld = false;
      await client.query('ROLLBACK');
      await client.end();
    },
  };
}

const WAITING = `SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pg_backend_pid() = ANY (pg_blocking_pids(pid))`;
