// The database that queries and API are measured on: set `iot` as declared, with readings of many days.
import type { Client } from 'pg';
import { relation } from '../../db/core/sql';
import { desiredFrom } from '../../db/language/desired';
import type { EngineName, ServerInfo } from '../../db/model';
import { applySchema } from '../../db/reconcile/apply';
import { iot, sensorData } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { withConnection } from '../../db/server/connection';
import { lastDays, refreshSeeded, seed } from '../generate/generate';
import type { RunControl } from './in-turns';
import { counted } from './report/format';
import type { BenchOptions } from './report/report';

/** Which readings are written. */
export type YearOptions = Pick<BenchOptions, 'days' | 'sensors' | 'intervalSeconds'> &
  RunControl & {
    /** So many times as many sensors: the readings are copied in the server, which is faster than to make others. */
    readonly copies?: number;
  };

/** What is in the database. */
export interface Year {
  readonly server: ServerInfo;
  readonly rows: number;
  /** The midnight (UTC) before which the days are complete. */
  readonly end: Date;
}

const DAY_MS = 86_400_000;

/** Applies the schema and fills it: whole days up to the last midnight, and what there is of today. */
export async function prepareYear(
  url: string,
  { days, sensors, intervalSeconds, copies = 1, signal, onNote }: YearOptions,
): Promise<Year> {
  const desired = desiredFrom([iot, service]);
  const { plan } = await applySchema(url, desired, { allow: [], lockWaitMs: 30_000 });
  return withConnection(url, async (db) => {
    await pauseAllJobs(db, plan.server.engine);
    const { to } = lastDays(0, intervalSeconds);
    const end = new Date(Math.floor(to.getTime() / DAY_MS) * DAY_MS);
    const from = new Date(end.getTime() - days * DAY_MS);
    onNote(
      `readings of ${counted(sensors, 'sensor')} over ${counted(days, 'day')}, every ${intervalSeconds} s`,
    );
    const target = { db, engine: plan.server.engine, desired };
    const rows = await seed(target, { from, to, sensors, intervalSeconds, seed: 1 }, signal);
    for (let copy = 2; copy <= copies; copy += 1) {
      signal?.throwIfAborted();
      await db.query(COPY, [`_copy_${copy}`]);
    }
    signal?.throwIfAborted();
    onNote(`${counted(copies * rows, 'reading')} written; refreshing the aggregates`);
    await refreshSeeded(target, desired.aggregates);
    await db.query('ANALYZE');
    return { server: plan.server, rows: copies * rows, end };
  });
}

const COPY = `
  INSERT INTO ${relation(sensorData)}
  SELECT "time", sensor_id || $1, temperature, humidity, pressure FROM ${relation(sensorData)}
   WHERE sensor_id NOT LIKE '%\\_copy\\_%'`;

/** Retention would drop rows that are wanted here, and any job would take part of the machine from what is measured. */
export async function pauseAllJobs(db: Client, engine: EngineName): Promise<void> {
  if (engine !== 'timescaledb') return;
  await db.query(
    'SELECT public.alter_job(job_id, scheduled => false) FROM timescaledb_information.jobs WHERE job_id >= 1000',
  );
}
