// How late the event loop of this process is and how much processor time it used, told to the process that started it.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** Since the last question, in milliseconds. */
export interface Usage {
  /** Delays of the event loop. */
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Processor time of all threads. */
  readonly cpu: number;
}

// The histogram records the whole time between two looks, so the time that was planned is taken off.
const LOOK_EVERY_MS = 10;

/** Answers every message from now on. */
export function tellUsage(): void {
  const delays = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
  let used = process.cpuUsage();
  process.on('message', () => {
    const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LOOK_EVERY_MS);
    const { user, system } = process.cpuUsage(used);
    const found: Usage = {
      p50: ms(delays.percentile(50)),
      p99: ms(delays.percentile(99)),
      max: ms(delays.max),
      cpu: (user + system) / 1_000,
    };
    delays.reset();
    used = process.cpuUsage();
    process.send?.(found);
  });
  delays.enable();
}
