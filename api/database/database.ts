// The API's connections, in one pool per purpose, so that writes cannot starve reads and neither can starve the probe.
import type { Pool } from 'pg';
import type { EngineName } from '../../db/model';
import type { DatabaseAddress } from '../../db/server/database-address';
import { instantOf } from '../http/time';
import { createPool } from './pool';
import { query } from './query';
import { createReads, type Reads, type Source } from './reads';
import { eachPool, remembered } from './remembered';
import { openStandbys, type StandbyChange, type StandbySettings } from './standbys';

/** Settings of the connections. */
export interface DatabaseSettings {
  readonly database: DatabaseAddress;
  /** Most connections that read. */
  readonly poolSize: number;
  /** Most connections that write, which is also the most writes at the same time. */
  readonly writePoolSize: number;
  /** Roles that connections take on; undefined = the rights of the login. */
  readonly readRole?: string;
  readonly writeRole?: string;
  readonly statementTimeoutMs: number;
  /** Standbys that answer reads; undefined = the primary answers them all. */
  readonly reads?: StandbySettings;
}

/** The pools; each connects on its first query. */
export interface Database {
  /** For what must be as new as possible. Cannot write, whatever SQL it runs. */
  readonly reader: Pool;
  /** For rows and figures that may be a few seconds old: from a standby, if there is one. */
  readonly reads: Reads;
  readonly writer: Pool;
  /**
   * For keys, with the rights of a writer, because roles that read have no access to the table of keys. It is separate from
   * `writer`, so that long writes do not delay the check of a key. A deletion of rows takes one of its connections, and there is
   * never more than one: it would keep a place of `writer` for longer than any write.
   */
  readonly keys: Pool;
  /** One connection, only for `/health/ready`: a server whose readers are all busy is still ready. */
  readonly probe: Pool;
  /** The engine of the database; asked once. */
  engine(): Promise<EngineName>;
  /**
   * An instant that the clock of the server has reached: its `now()` of at most two seconds ago. It tells which chunks a range
   * that counts back from now can touch; the range itself is left to the database.
   */
  reached(from: Source): Promise<bigint>;
  end(): Promise<void>;
}

const KEY_CONNECTIONS = 2;

/** Opens the pools; see `createPool` for `onIdleError`. */
export function openDatabase(
  settings: DatabaseSettings,
  onIdleError?: (error: Error) => void,
  onStandby: (change: StandbyChange) => void = () => undefined,
): Database {
  const { database, statementTimeoutMs, readRole, writeRole, poolSize, writePoolSize } = settings;
  const reading = { database, access: 'read', role: readRole } as const;
  const reader = createPool({ ...reading, size: poolSize, statementTimeoutMs }, onIdleError);
  const writing = { database, access: 'write', role: writeRole } as const;
  const writer = createPool({ ...writing, size: writePoolSize, statementTimeoutMs }, onIdleError);
  const keys = createPool({ ...writing, size: KEY_CONNECTIONS, statementTimeoutMs }, onIdleError);
  const probe = createPool(
    {
      // Not `read`, because the probe tells whether writers may write.
      ...{ ...reading, access: 'write' },
      size: 1,
      statementTimeoutMs: 2_000,
      connectWithinMs: 2_000,
      maxLifetimeSeconds: 5,
    },
    onIdleError,
  );
  let engine: Promise<EngineName> | undefined;
  const standbys = openStandbys({
    ...(settings.reads ?? { standbys: [], lagSeconds: 0 }),
    ...{ primary: database, size: poolSize, onChange: onStandby, onIdleError },
    wanted: { access: 'read', role: readRole, statementTimeoutMs },
  });
  const reads = createReads(reader, standbys);
  const clockOf = eachPool((pool) =>
    remembered(async () => {
      const rows = await query<{ now: string }>(pool, 'SELECT now()');
      return instantOf(rows[0]?.now ?? '');
    }),
  );
  return {
    reader,
    reads,
    writer,
    keys,
    probe,
    engine: () => {
      engine ??= readEngine(reader).catch((error: unknown) => {
        engine = undefined;
        throw error;
      });
      return engine;
    },
    reached: (from) => ('read' in from ? from.read((pool) => clockOf(pool).get()) : clockOf(from).get()),
    end: async () => {
      await Promise.all([standbys, reader, writer, keys, probe].map((pool) => pool.end()));
    },
  };
}

// The reconciler has checked the edition: an installed extension is the Community one.
async function readEngine(pool: Pool): Promise<EngineName> {
  const rows = await query<{ engine: EngineName }>(
    pool,
    `SELECT extname AS engine FROM pg_extension WHERE extname IN ('timescaledb', 'citus')`,
  );
  return rows[0]?.engine ?? 'postgres';
}
