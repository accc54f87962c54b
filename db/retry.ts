// Which database errors are worth a second try, and how long to wait before it.
import { setTimeout as sleep } from 'node:timers/promises';

const RETRYABLE = new Map<string, RegExp>([
  ['40P01', /./], // deadlock_detected: DDL against background jobs or inserts
  ['40001', /./], // serialization_failure
  ['55P03', /./], // lock_not_available: lock_timeout, or a concurrent refresh of the same aggregate
  ['XX000', /tuple concurrently (updated|deleted)|could not open relation with OID/], // catalog races of policy functions
]);

/** Whether running the same transaction again may succeed. */
export function isTransient(error: unknown): boolean {
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  return RETRYABLE.get(code ?? '')?.test(message ?? '') ?? false;
}

/** Runs `work` up to `attempts` times with growing, jittered pauses; rethrows what is not transient at once. */
export async function withRetry<T>(work: () => Promise<T>, attempts = 6): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= attempts || !isTransient(error)) throw error;
      // 100 ms, 200 ms, 400 ms … each between half and whole: two that collided must not collide again.
      await sleep(100 * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }
}
