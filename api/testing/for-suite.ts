// What a suite needs while its tests run.

/** Starts something before the tests of the suite and stops it after them. What is returned works inside of tests and hooks. */
export function forSuite<T extends { stop(): Promise<void> }>(start: () => Promise<T>): T {
  let started: T | undefined;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started?.stop());
  return new Proxy({} as T, {
    get: (_, name) => {
      if (started === undefined) throw new Error(`${String(name)} is not there before the tests start`);
      return Reflect.get(started, name);
    },
  });
}
