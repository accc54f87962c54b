// For tests of moves: writers that know exactly which rows they have stored.

import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { select } from '../../../db/testing/apply';

/** Writers of one database, and what the server has confirmed to them. */
export interface Writers {
  /** Rows of `sensor_data` by sensor and time, with their temperature; only what is stored. */
  readonly stored: ReadonlyMap<string, number>;
  /** Rows whose write was refused. */
  readonly refused: ReadonlySet<string>;
  /** What the server said when it refused. */
  readonly refusals: readonly string[];
  /** The last position of each writer in `service.stream_offset`. */
  readonly positions: ReadonlyMap<string, string>;
  /** The longest time that one write took, in milliseconds. */
  longestMs(): number;
  /** Resolves when each writer has been refused, or `stop` was called. */
  readonly ended: Promise<unknown>;
  stop(): void;
}

const keyOf = (sensor: string, time: string): string => `${sensor} ${time}`;

/** Starts writers that insert, copy, update, delete and add late rows, until the database refuses. */
export function startWriters(url: string, count: number, days: number): Writers {
  const stored = new Map<string, number>();
  const refused = new Set<string>();
  const refusals: string[] = [];
  const positions = new Map<string, string>();
  let longest = 0;
  let stopped = false;
  const base = Date.now();
  const write = async (n: number): Promise<void> => {
    const db = new Client({ connectionString: url, options: '-c timezone=UTC' });
    db.on('error', () => undefined);
    await db.connect();
    const sensor = `w${n}`;
    const timeOf = (step: number, at: number): string =>
      // Every fourth step is late: it goes into one of the old chunks.
      new Date(base - (step % 4 === 3 ? ((step * 7) % days) * 86_400_000 : 0) + step * 10 + at).toISOString();
    for (let step = 1; !stopped; step += 1) {
      const rows = [0, 1, 2].map((at) => ({ time: timeOf(step, at), value: step + at / 10 }));
      const mine = [...stored.keys()].filter((key) => key.startsWith(`${sensor} `));
      const old = mine[(step * 13) % Math.max(1, mine.length)];
      const began = performance.now();
      try {
        await db.query('BEGIN');
        if (step % 2 === 0)
          await pipeline(
            Readable.from(rows.map(({ time, value }) => `${time}\t${sensor}\t${value}\n`)),
            db.query(copyFrom('COPY public.sensor_data (time, sensor_id, temperature) FROM STDIN')),
          );
        else
          for (const { time, value } of rows)
            await db.query(
              'INSERT INTO public.sensor_data (time, sensor_id, temperature) VALUES ($1, $2, $3)',
              [time, sensor, value],
            );
        const oldTime = old?.slice(sensor.length + 1);
        if (oldTime !== undefined && step % 3 === 0)
          await db.query(
            'UPDATE public.sensor_data SET temperature = $3 WHERE sensor_id = $1 AND time = $2',
            [sensor, oldTime, -step],
          );
        if (oldTime !== undefined && step % 5 === 0)
          await db.query('DELETE FROM public.sensor_data WHERE sensor_id = $1 AND time = $2', [
            sensor,
            oldTime,
          ]);
        await db.query(
          `INSERT INTO service.stream_offset (consumer_group, topic, partition, next_offset) VALUES ('g', 't', $1, $2)
           ON CONFLICT (consumer_group, topic, partition) DO UPDATE SET next_offset = excluded.next_offset`,
          [n, step],
        );
        await db.query('COMMIT');
        for (const { time, value } of rows) stored.set(keyOf(sensor, time), value);
        if (old !== undefined && step % 3 === 0) stored.set(old, -step);
        if (old !== undefined && step % 5 === 0) stored.delete(old);
        positions.set(String(n), String(step));
      } catch (error) {
        refusals.push((error as Error).message);
        for (const { time } of rows) refused.add(keyOf(sensor, time));
        await db.query('ROLLBACK').catch(() => undefined);
        break;
      } finally {
        longest = Math.max(longest, performance.now() - began);
      }
    }
    await db.end().catch(() => undefined);
  };
  const ended = Promise.all(Array.from({ length: count }, (_, n) => write(n)));
  return {
    stored,
    refused,
    refusals,
    positions,
    longestMs: () => longest,
    ended,
    stop: () => {
      stopped = true;
    },
  };
}

/** The rows of the writers that a database has, as `stored` has them. */
export async function rowsOfWriters(url: string): Promise<Map<string, number>> {
  const rows = await select<{ sensor: string; time: Date; value: number }>(
    url,
    `SELECT sensor_id AS sensor, time, temperature AS value FROM public.sensor_data WHERE sensor_id LIKE 'w%'`,
  );
  expect(new Set(rows.map(({ sensor, time }) => keyOf(sensor, time.toISOString()))).size).toBe(rows.length);
  return new Map(rows.map(({ sensor, time, value }) => [keyOf(sensor, time.toISOString()), value]));
}
