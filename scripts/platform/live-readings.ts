// Keeps sample readings coming while the local platform is up.
import { continueSample } from '../generate/continue-sample';
import type { Target } from '../generate/generate';
import { iotSample } from '../generate/sets/iot';
import { type Background, runInBackground } from './background';

/** Where to write, and how often. */
export interface LiveOptions extends Pick<Target, 'engine' | 'desired'> {
  readonly url: string;
  readonly intervalSeconds: number;
  readonly lockWaitMs: number;
}

/** Starts to write a reading of each sensor per interval. A database that is away is tried again at the next interval. */
export function startLiveReadings(options: LiveOptions): Background {
  const { url, engine, desired, intervalSeconds, lockWaitMs } = options;
  const interval = intervalSeconds * 1_000;
  const untilNext = (): number => interval - (Date.now() % interval);
  return runInBackground({
    url,
    waits: { first: untilNext, next: untilNext },
    work: async (db, signal) => {
      await continueSample({ db, engine, desired }, iotSample, { lockWaitMs, signal });
    },
    failed: (reason) => `live readings: ${reason}; the next interval writes what is missing`,
  });
}
