// Decides which database errors are worth another try, what must be done again, and how long to wait before that.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../core/errors';

/** `repeat`: run the same transaction again. `replan`: the catalog has changed, plan again. `reconnect`: the session is lost. */
export type Recovery = 'repeat' | 'replan' | 'reconnect';

/** The next try, for progress output. */
export interface Retry {
  readonly recovery: Recovery;
  /** The error's message with its SQLSTATE. */
  readonly reason: string;
  /** Number of the next try; there are at most `attempts`. */
  readonly attempt: number;
  readonly attempts: number;
  readonly pauseMs: number;
}

export interface RetryOptions {
  readonly attempts?: number;
  readonly onRetry?: (retry: Retry) => void;
  readonly signal?: AbortSignal | undefined;
}

const REPEATABLE = new Map<string, RegExp>([
  ['40P01', /./], // deadlock_detected: DDL against background jobs or inserts
  ['40001', /./], // serialization_failure
  ['55P03', /./], // lock_not_available: lock_timeout, or a concurrent refresh of the same aggregate
  ['XX000', /tuple concurrently (updated|deleted)|could not open relation with OID/], // catalog races of policy functions
  // A refresh while another aggregate of the same source is created or dropped. Its statements name the aggregate, so
  // running them again reads the catalog again.
  [
    '42704',
    /continuous aggregate hypertable with ID \d+ does not exist|invalid or missing information about the bucketing function/,
  ],
]);

const LOST_SESSION = new Set([
  '57P01', // admin_shutdown: pg_terminate_backend, or the server stops
  '57P02', // crash_shutdown: another backend crashed
  '57P03', // cannot_connect_now: the server is starting
  '08003',
  '08006',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
]);

// The driver's messages when the connection closed without an error from the server.
const LOST_SESSION_TEXT =
  /^Connection terminated|^Client has encountered a connection error|^Client was closed/;

/** What may help after an error; undefined when another try would fail again. */
export function recoveryOf(error: unknown): Recovery | undefined {
  const { code = '', message = '', schema, cause } = (error ?? {}) as Record<string, string | undefined>;
  if (REPEATABLE.get(code)?.test(message)) return 'repeat';
  // unique_violation in a system catalog: another session created an object of the same name at the same moment.
  if (code === '23505' && /^(pg_catalog|_timescaledb_catalog)$/.test(schema ?? '')) return 'replan';
  if (LOST_SESSION.has(code) || LOST_SESSION_TEXT.test(message)) return 'reconnect';
  return cause === undefined ? undefined : recoveryOf(cause);
}

/** Whether nothing answers at the server's address, for example while the server restarts. */
export function isUnreachable(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: string; cause?: unknown };
  return code === 'ECONNREFUSED' || code === 'ENOENT' || (cause !== undefined && isUnreachable(cause));
}

/** Whether running the same transaction again may succeed. */
const isTransient = (error: unknown): boolean => recoveryOf(error) === 'repeat';

const LONGEST_PAUSE_MS = 5_000;

/** 100 ms, 200 ms, 400 ms … 5 s. Each pause is shortened at random by up to half, so that two sessions do not collide again. */
export function pauseBefore(attempt: number, random = Math.random()): number {
  return Math.min(100 * 2 ** (attempt - 2), LONGEST_PAUSE_MS) * (0.5 + random / 2);
}

/** Announces the next try and waits until it is due. An abort ends the wait early. */
export async function announceRetry(
  error: unknown,
  recovery: Recovery,
  attempt: number,
  { attempts = 10, onRetry, signal }: RetryOptions,
): Promise<void> {
  const root = rootOf(error);
  const { code } = (root ?? {}) as { code?: string };
  const reason = `${messageOf(root)}${code ? ` (${code})` : ''}`;
  const pauseMs = Math.round(pauseBefore(attempt));
  onRetry?.({ recovery, reason, attempt, attempts, pauseMs });
  await sleep(pauseMs, undefined, signal ? { signal } : {}).catch(() => undefined);
}

function rootOf(error: unknown): unknown {
  const { cause } = (error ?? {}) as { cause?: unknown };
  return cause === undefined ? error : rootOf(cause);
}

/** Runs `work` up to `attempts` times; 10 times take about 20 s of pauses. An error that is not transient is thrown at once. */
export async function withRetry<T>(work: () => Promise<T>, options: RetryOptions = {}): Promise<T> {
  const { attempts = 10, signal } = options;
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || signal?.aborted || !isTransient(error)) throw error;
      await announceRetry(error, 'repeat', attempt + 1, options);
    }
  }
}
