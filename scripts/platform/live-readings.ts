// Keeps sample readings coming while the local platform is up, on a connection of its own.
import { setTimeout as sleep } from 'node:timers/promises';
import { messageOf } from '../../db/core/errors';
import { withConnection } from '../../db/server/connection';
import { continueSample } from '../generate/continue-sample';
import type { Target } from '../generate/generate';
import { iotSample } from '../generate/sets/iot';
import { note } from '../output';
import type { Scheduler } from './scheduler';

/** Where to write, and how often. */
export interface LiveOptions extends Pick<Target, 'engine' | 'desired'> {
  readonly url: string;
  readonly intervalSeconds: number;
  readonly lockWaitMs: number;
}

/** Starts to write a reading of each sensor per interval. A database that is away is tried again at the next interval. */
export function startLiveReadings(options: LiveOptions): Scheduler {
  const stopping = new AbortController();
  const finished = loop(options, stopping.signal);
  return {
    async stop() {
      stopping.abort();
      await finished;
    },
  };
}

async function loop(options: LiveOptions, signal: AbortSignal): Promise<void> {
  const { url, engine, desired, intervalSeconds, lockWaitMs } = options;
  while (!signal.aborted) {
    const interval = intervalSeconds * 1_000;
    await sleep(interval - (Date.now() % interval), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await withConnection(url, (db) =>
        continueSample({ db, engine, desired }, iotSample, { lockWaitMs, signal }),
      );
    } catch (error) {
      if (!signal.aborted)
        note(`live readings: ${messageOf(error)}; the next interval writes what is missing`);
    }
  }
}
