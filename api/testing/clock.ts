// Runs a part of a test at another time, so that cached values expire without a real pause.

/** Runs the work at another time of day, which stands still; timers and the database keep the real time. */
export async function at<T>(time: number, work: () => Promise<T>): Promise<T> {
  jest.useFakeTimers({ now: time, doNotFake: [...TIMERS] });
  try {
    return await work();
  } finally {
    jest.useRealTimers();
  }
}

/** Runs the work as if it were this many milliseconds later, also by the monotonic clock; timers and the database keep the real time. */
export async function later<T>(ms: number, work: () => Promise<T>): Promise<T> {
  const trueNow = performance.now.bind(performance);
  const now = jest.spyOn(performance, 'now').mockImplementation(() => trueNow() + ms);
  try {
    return await at(Date.now() + ms, work);
  } finally {
    now.mockRestore();
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
