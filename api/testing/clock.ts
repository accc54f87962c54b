// Another time for a test: what is kept for some time is too old at once, without a pause.

/** Does work with another time of day, which stands still; timers and the database keep the true one. */
export async function at<T>(time: number, work: () => Promise<T>): Promise<T> {
  jest.useFakeTimers({ now: time, doNotFake: [...TIMERS] });
  try {
    return await work();
  } finally {
    jest.useRealTimers();
  }
}

/** Does work as if it were so many milliseconds later, also by the clock that only counts; timers and the database see no difference. */
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
