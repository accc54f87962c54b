// Work that is waited for only so long.

/** The result of the work, or that of `late` when the work takes longer than `ms`. The work itself goes on. */
export async function withinTime<T, Late>(
  ms: number,
  work: PromiseLike<T>,
  late: () => Late,
): Promise<T | Late> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  }).then(late);
  try {
    return await Promise.race([work, limit]);
  } finally {
    clearTimeout(timer);
  }
}
