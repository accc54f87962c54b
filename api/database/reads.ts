// Decides which server answers a read: a standby that is usable, or else the primary.
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Pool } from 'pg';
import { ProblemError } from '../http/problems';
import { databaseFault } from './database-errors';
import { StandbyError } from './standby-lag';
import type { Standby, Standbys } from './standbys';

/** Reads rows that may be a little older than the newest ones. */
export interface Reads {
  /**
   * Runs the work on a standby, or on the primary where there is none. What fails on a standby is run once more on the primary, so that
   * nobody notices that a standby has gone: `work` must only read.
   */
  read<T>(work: (pool: Pool) => Promise<T>): Promise<T>;
  readonly standbys: Standbys;
  /** Reads by who answered them, and reads that a standby did not answer, by standby. */
  readonly counts: {
    readonly answered: ReadonlyMap<string, number>;
    readonly repeated: ReadonlyMap<string, number>;
  };
}

/** Where rows come from. */
export type Source = Pool | Reads;

/** What is remembered for a request, so that its queries are answered by one server. */
export interface ReadContext {
  /** Whether only the primary may answer. */
  primaryOnly: boolean;
  standby?: Standby | undefined;
  /** Who answered the last read. */
  answeredBy?: string;
}

export const PRIMARY = 'primary';

const contexts = new AsyncLocalStorage<ReadContext>();

/** Runs the work of a request. */
export const inContext = (context: ReadContext, work: () => void): void => contexts.run(context, work);

export function createReads(primary: Pool, standbys: Standbys): Reads {
  const answered = new Map<string, number>();
  const repeated = new Map<string, number>();
  const count = (counts: Map<string, number>, name: string): void => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
  };
  const done = <T>(context: ReadContext | undefined, name: string, result: T): T => {
    if (context !== undefined) context.answeredBy = name;
    count(answered, name);
    return result;
  };
  return {
    standbys,
    counts: { answered, repeated },
    read: async (work) => {
      const context = contexts.getStore();
      const standby = chosen(context, standbys);
      if (context !== undefined && standby !== undefined) {
        try {
          return done(context, standby.name, await work(standby.pool));
        } catch (error) {
          if (!isOfServer(error)) throw error;
          if (isLasting(error)) standbys.suspend(standby, error);
          // The rest of the request stays there: another standby could be older than what it has read.
          context.primaryOnly = true;
          count(repeated, standby.name);
        }
      }
      return done(context, PRIMARY, await work(primary));
    },
  };
}

/** The standby of a request. Work that belongs to no request wants the newest state. */
function chosen(context: ReadContext | undefined, standbys: Standbys): Standby | undefined {
  if (context === undefined || context.primaryOnly) return undefined;
  context.standby ??= standbys.next();
  // Also for the rest of the request: rows must not be older than those that it has read.
  context.primaryOnly = context.standby === undefined || context.standby.trouble() !== undefined;
  return context.primaryOnly ? undefined : context.standby;
}

/** Whether the primary could have another answer: not where the question is at fault, its client has gone, or its time is up. */
function isOfServer(error: unknown): boolean {
  if (error instanceof ProblemError) return false;
  const fault = databaseFault(error);
  return fault !== 'timeout' && fault !== 'bad-value' && fault !== 'overflow';
}

const SERIALIZATION_FAILURE = '40001';

/** Whether the standby should not be asked again at once. A conflict with recovery is over with its query. */
function isLasting(error: unknown): boolean {
  if (error instanceof StandbyError) return true;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  const fault = databaseFault(error);
  // All connections are busy.
  if (message === 'timeout exceeded when trying to connect') return false;
  return (
    code !== SERIALIZATION_FAILURE && (fault === 'lost' || fault === 'unavailable' || fault === 'restoring')
  );
}
