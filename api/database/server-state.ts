// What the database server does not do at present, although it answers: for readiness and for metrics.
import { relation } from '../../db/core/sql';
import type { Desired } from '../../db/language/desired';
import { READ_ONLY_BY, READ_ONLY_REASONS, type ReadOnlyBy } from '../../db/server/read-only';
import { IS_RESTORING, RestoringError, restoringReason } from '../../db/server/restoring';
import type { Database } from './database';
import { query } from './query';

/** The problems that a server in a bad state causes, and what each keeps the API from. */
export const TROUBLES = {
  'database-restoring': 'reads and writes',
  'database-read-only': 'writes',
  'database-full': 'writes',
} as const;

export type TroubleName = keyof typeof TROUBLES;

/** The state of the database. */
export interface ServerState {
  /** Quoted names of declared relations that are not there. */
  readonly missing: readonly string[];
  /** What is wrong, with the reason and the way out. */
  readonly troubles: ReadonlyMap<TroubleName, string>;
}

/** Knows the state of the database. */
export interface ServerWatch {
  /** The state, at most half a second old; fails when the database cannot be reached. */
  state(): Promise<ServerState>;
  /** Call it whenever the server has said that its disk is full, which no query can ask it. */
  noteFull(detail: string): void;
}

const SHARED_MS = 500;
/** So long after the last failure for lack of disk space the server is taken to be full. Then a write may try again. */
export const FULL_FOR_MS = 10_000;

/** Watches the server of a database. `now` is a clock in milliseconds. */
export function watchServer(
  database: Pick<Database, 'probe'>,
  desired: Desired,
  now: () => number = () => performance.now(),
): ServerWatch {
  const { tables, hypertables, aggregates } = desired;
  const names = [...tables, ...hypertables, ...aggregates].map(relation);
  // Requests at the same time share one query, so that clients cannot flood the single connection of the probe.
  const read = sharedFor(SHARED_MS, () => readState(database, names));
  let full: { readonly detail: string; readonly until: number } | undefined;
  return {
    state: async () => {
      const state = await read();
      if (full === undefined || now() >= full.until) return state;
      return { ...state, troubles: new Map([...state.troubles, ['database-full', full.detail]]) };
    },
    noteFull: (detail) => {
      full = { detail, until: now() + FULL_FOR_MS };
    },
  };
}

interface StateRow {
  readonly database: string;
  readonly restoring: boolean;
  readonly readOnlyBy: ReadOnlyBy | null;
  readonly missing: readonly string[];
}

const STATE = `SELECT current_database() AS database, ${IS_RESTORING} AS restoring, ${READ_ONLY_BY} AS "readOnlyBy",
  ARRAY(SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL ORDER BY name) AS missing`;

async function readState({ probe }: Pick<Database, 'probe'>, names: readonly string[]): Promise<ServerState> {
  try {
    const rows = await query<StateRow>(probe, STATE, [names]);
    const { database, restoring, readOnlyBy, missing } = rows[0] as StateRow;
    const troubles = new Map<TroubleName, string>();
    if (restoring) troubles.set('database-restoring', restoringReason(database));
    if (readOnlyBy) troubles.set('database-read-only', READ_ONLY_REASONS[readOnlyBy]);
    return { missing, troubles };
  } catch (error) {
    // A session that begins in restoring mode is not let into the pool.
    if (!(error instanceof RestoringError)) throw error;
    return { missing: [], troubles: new Map([['database-restoring', error.message]]) };
  }
}

/** Shares the result of the work: with everyone who asks while it runs, and if it succeeds for `ms` after its start. */
function sharedFor<T>(ms: number, work: () => Promise<T>): () => Promise<T> {
  let shared: { readonly until: number; readonly result: Promise<T> } | undefined;
  const forgetFailure = (result: Promise<T>): Promise<T> => {
    // After a failure the next request asks again, so that a recovered database is ready at once.
    result.catch(() => {
      shared = undefined;
    });
    return result;
  };
  return () => {
    if (shared === undefined || performance.now() >= shared.until)
      shared = { until: performance.now() + ms, result: forgetFailure(work()) };
    return shared.result;
  };
}
