// The API under load, in a process of its own that also measures how late its event loop is.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { readConfig } from '../../../api/config';
import { startServer } from '../../../api/server';

/** Delays of the event loop since the last question, in milliseconds. */
export interface LoopDelay {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
  /** Time of the processor that the process took in the same time, in microseconds. */
  readonly processor: number;
}

// The histogram records the whole time between two looks, so the time that was planned is taken off.
const LOOK_EVERY_MS = 10;
const delays = monitorEventLoopDelay({ resolution: LOOK_EVERY_MS });
let used = process.cpuUsage();

process.on('message', () => {
  const ms = (nanoseconds: number): number => Math.max(0, nanoseconds / 1e6 - LOOK_EVERY_MS);
  const { user, system } = process.cpuUsage(used);
  used = process.cpuUsage();
  const found: LoopDelay = {
    processor: user + system,
    p50: ms(delays.percentile(50)),
    p99: ms(delays.percentile(99)),
    max: ms(delays.max),
  };
  delays.reset();
  process.send?.(found);
});
process.on('disconnect', () => process.exit(0));
void startServer(readConfig(), { signals: 'ignore' }).then(() => {
  delays.enable();
  process.send?.('listening');
});
