// Lets work of the same kind run one after the other, so that who sends a lot of it does not take more than one place.

/** Runs work after the work of the same name that came before; undefined when too much of it waits already. */
export function oneAtATime(
  mostWaiting: number,
): <T>(name: string, work: () => Promise<T>) => Promise<T> | undefined {
  const lines = new Map<string, { count: number; last: Promise<unknown> }>();
  return (name, work) => {
    const line = lines.get(name) ?? { count: 0, last: Promise.resolve() };
    if (line.count > mostWaiting) return undefined;
    line.count += 1;
    const done = line.last.then(work, work).finally(() => {
      line.count -= 1;
      if (line.count === 0) lines.delete(name);
    });
    line.last = done;
    lines.set(name, line);
    return done;
  };
}
