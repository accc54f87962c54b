// Runs a limited number of pieces of work at a time, in the order in which they come.

/** @param most how many at a time */
export function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  const queue: (() => void)[] = [];
  let running = 0;
  return async (work) => {
    if (running >= most) await new Promise<void>((resolve) => queue.push(resolve));
    else running += 1;
    try {
      return await work();
    } finally {
      // The place goes to the next one.
      const next = queue.shift();
      if (next) next();
      else running -= 1;
    }
  };
}
