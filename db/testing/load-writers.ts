// Sessions that insert all the time into the table of set `plant`, and count what the server has acknowledged.
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';

export interface Writers {
  /** Ends them; `lost` and surplus rows show when the table is counted against `acknowledged`. */
  stop(): Promise<WriterReport>;
}

export interface WriterReport {
  readonly acknowledged: number;
  /** How often an insert was tried again, by SQLSTATE. */
  readonly retries: Readonly<Record<string, number>>;
  /** The longest time that one insert took. */
  readonly longestMs: number;
}

// As long as an insert takes: without it, three writers leave nothing of two cores to what is tested, and to other suites.
const PAUSE_MS = 2;

// What an insert may be a victim of beside DDL. Anything else, say a missing chunk, fails the test.
const ACCEPTED = new Set(['40P01', '40001', '55P03']);

/** Starts them. Every third insert is into a range that had no rows so far, in the past or ahead of now. */
export function startWriters(url: string, writers = 3): Writers {
  let stopping = false;
  const report = { acknowledged: 0, retries: {} as Record<string, number>, longestMs: 0 };
  const write = async (writer: number): Promise<void> => {
    const client = new Client({ connectionString: url });
    await client.connect();
    try {
      for (let turn = 0; !stopping; turn += 1) {
        await insert(client, writer, turn);
        await sleep(PAUSE_MS);
      }
    } finally {
      await client.end();
    }
  };
  const insert = async (client: Client, writer: number, turn: number): Promise<void> => {
    const days = turn % 3 === 0 ? (turn % 2 === 0 ? 25 + (turn % 40) : -(turn % 20)) : turn % 20;
    const started = Date.now();
    try {
      await client.query(
        `INSERT INTO plant.metric (at, device, value) SELECT now() - make_interval(days => $1, secs => n), $2, n FROM generate_series(1, 10) n`,
        [days, `writer ${writer}`],
      );
      report.acknowledged += 10;
    } catch (error) {
      const { code = '' } = error as { code?: string };
      if (!ACCEPTED.has(code)) throw error;
      report.retries[code] = (report.retries[code] ?? 0) + 1;
    }
    report.longestMs = Math.max(report.longestMs, Date.now() - started);
  };
  const running = Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  // Looked at in stop(); an earlier failure must not end the process as unhandled.
  running.catch(() => undefined);
  return {
    async stop() {
      stopping = true;
      await running;
      return report;
    },
  };
}
