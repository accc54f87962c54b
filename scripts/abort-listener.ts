// Work that an AbortSignal stops by a call, where what it waits for knows no signals.

/** Does the work. When the signal aborts before its end, `stop` is called once. */
export async function withAbortListener<T>(
  signal: AbortSignal | undefined,
  stop: () => void,
  work: () => Promise<T>,
): Promise<T> {
  signal?.addEventListener('abort', stop, { once: true });
  try {
    return await work();
  } finally {
    signal?.removeEventListener('abort', stop);
  }
}
