// Another time of day for a test.

/** Does work with another time of day; timers and the database keep the true one. */
export async function at<T>(time: number, work: () => Promise<T>): Promise<T> {
  jest.useFakeTimers({ now: time, doNotFake: [...TIMERS] });
  try {
    return await work();
  } finally {
    jest.useRealTimers();
  }
}

const TIMERS = [
  'hrtime',
  'nextTick',
  'performance',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;
