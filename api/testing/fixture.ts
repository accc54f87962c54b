// A database as the API expects it: the applied set `iot`.
import { Client } from 'pg';
import type { Desired } from '../../db/language/desired';
import { desiredFrom } from '../../db/language/desired';
import type { Template } from '../../db/local/test-servers';
import { iot } from '../../db/schema/iot';
import { service } from '../../db/schema/service';
import { withConnection, withRollback } from '../../db/server/connection';
import { readServer } from '../../db/server/server-info';
import { appliedSchema } from '../../db/testing/apply';
import { refreshAggregates } from '../../db/upkeep/refresh';

/** The applied schema; retention is paused, as tests use old readings. */
export const fixture = (desired: Desired = desiredFrom([iot, service])): Template =>
  appliedSchema(desired, 'retention');

/** Refreshes every aggregate up to now, as its policy would do over time. */
export async function refreshAll(url: string): Promise<void> {
  await withConnection(url, async (db) => {
    const { engine } = await withRollback(db, () => readServer(db));
    await refreshAggregates(db, engine, desiredFrom([iot]).aggregates);
  });
}

/** Does to a sensor what retention does: deletes its readings and keeps its aggregates. Readings must be older than 90 days. */
export async function forgetReadings(url: string, sensorId: string): Promise<void> {
  await refreshAll(url);
  await runSql(url, 'DELETE FROM sensor_data WHERE sensor_id = $1', [sensorId]);
}

/** Runs SQL on a connection of its own, as a writer: the API's own connections cannot write. */
export async function runSql(url: string, sql: string, values?: unknown[]): Promise<void> {
  const client = new Client({ connectionString: url, options: '-c timezone=UTC' });
  await client.connect();
  try {
    await client.query(sql, values);
  } finally {
    await client.end();
  }
}
