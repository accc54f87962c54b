// tsdb seed: generated readings into sensor_data.
import { withConnection, withRollback } from '../../db/connection';
import { RefusedError } from '../../db/errors';
import { readServer } from '../../db/server';
import { readContext, requireConnection } from '../context';
import { hasReadings, lastDays, refreshSeeded, seed } from '../data/seed';
import { note, print } from '../output';
import { describeRefresh } from './refresh';

export interface SeedFlags {
  readonly days: number;
  readonly sensors: number;
  readonly interval: number;
  readonly seed: number;
}

/** Fills an empty table; refuses to mix generated readings with others. */
export async function seedReadings(flags: SeedFlags, signal: AbortSignal): Promise<number> {
  const { config, desired } = readContext();
  const rows = await withConnection(requireConnection(config), async (db) => {
    if (await hasReadings(db))
      throw new RefusedError(
        'sensor_data has readings already; generated ones are only written into an empty table',
      );
    const { engine } = await withRollback(db, () => readServer(db));
    const range = lastDays(flags.days, flags.interval);
    const written = await seed(
      db,
      engine,
      desired,
      { ...range, sensors: flags.sensors, intervalSeconds: flags.interval, seed: flags.seed },
      signal,
    );
    await refreshSeeded(db, engine, desired, (result) => note(describeRefresh(result)));
    return written;
  });
  print(`${rows} readings written`);
  return 0;
}
