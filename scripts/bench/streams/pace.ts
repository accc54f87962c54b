// How fast a consumer takes records, without its start: from its first batch to the last record. With its memory on the way.
import { memoryUsage } from 'node:process';
import { messageOf } from '../../../db/core/errors';
import { note } from '../../output';

/** What a consumer is to read. */
export interface PaceOrder {
  readonly group: string;
  readonly topic: string;
  readonly rows: number;
}

export interface Pace {
  readonly rowsPerSecond: number;
  /** Seconds of processor time for a million records, user and system. */
  readonly cpuPerMillion: number;
  /** Resident memory in bytes when a quarter, a half, three quarters and all of the records were taken. */
  readonly memory: readonly number[];
}

const QUARTERS = [0.25, 0.5, 0.75, 1] as const;

/** Counts records; `finished` resolves when all of them were taken. */
export function paceOf(rows: number): { took(records: number): void; readonly finished: Promise<Pace> } {
  let finish: (pace: Pace) => void = () => undefined;
  const finished = new Promise<Pace>((resolve) => {
    finish = resolve;
  });
  const memory: number[] = [];
  let taken = 0;
  let first: { readonly at: number; readonly taken: number; readonly cpu: NodeJS.CpuUsage } | undefined;
  return {
    finished,
    took: (records) => {
      taken += records;
      first ??= { at: performance.now(), taken, cpu: process.cpuUsage() };
      while (memory.length < QUARTERS.length && taken >= rows * (QUARTERS[memory.length] as number))
        memory.push(memoryUsage.rss());
      if (taken < rows) return;
      const { user, system } = process.cpuUsage(first.cpu);
      const counted = taken - first.taken;
      finish({
        rowsPerSecond: (counted * 1_000) / (performance.now() - first.at),
        cpuPerMillion: (user + system) / counted,
        memory,
      });
    },
  };
}

/** Runs one measurement for the process that started this one, and ends with it. */
export function serveOrder(measure: (order: PaceOrder) => Promise<Pace>): void {
  process.on('disconnect', () => process.exit(0));
  process.once('message', (order: PaceOrder) => {
    measure(order).then(
      (pace) => process.send?.(pace),
      (error: unknown) => {
        note(messageOf(error));
        process.exit(1);
      },
    );
  });
  process.send?.('ready');
}
