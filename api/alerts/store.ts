// The SQL of thresholds and alerts. Names come from the declared tables, values are bound.
import { ident, relation } from '../../db/core/sql';
import type { Db } from '../../db/model';
import { type Statement, statement } from '../database/statement';
import type { RequestedPage } from '../http/pages';
import type { TimeRange } from '../http/range';
import { instantOf, timeText } from '../http/time';
import { rangeConditions } from '../series/queries/time-conditions';
import { SENSOR, sensorType, type Watched } from './alert-tables';
import type { Alert, Threshold } from './evaluate';

/** An alert as it is read: sensor ids are numbers where the table declares them so. */
export type StoredAlert = Omit<Alert, 'sensor_id'> & { readonly sensor_id: string | number };

const THRESHOLD_COLUMNS = [SENSOR, 'metric', 'minimum', 'maximum'].map((name) => ident(name)).join(', ');
const ALERT_COLUMNS = [SENSOR, 'alert_type', 'message', 'value', 'threshold'].map((name) => ident(name));

/** Thresholds of the sensors, or of all. Two tables of readings may share them: only metrics of this one are read. */
export function thresholdQuery(
  watched: Watched,
  sensors: readonly string[] | undefined,
  limit: number,
): Statement {
  return {
    sql: `SELECT ${THRESHOLD_COLUMNS} FROM ${relation(watched.thresholds)}
   WHERE ($1::${sensorType(watched)}[] IS NULL OR ${ident(SENSOR)} = ANY ($1)) AND metric = ANY ($2)
   ORDER BY ${ident(SENSOR)}, metric LIMIT $3`,
    values: [sensors ?? null, [...watched.metrics.keys()], limit],
  };
}

/** Sets or replaces a threshold. */
export function setThreshold(
  watched: Watched,
  { sensor_id, metric, minimum, maximum }: Threshold,
): Statement {
  return {
    sql: `INSERT INTO ${relation(watched.thresholds)} (${THRESHOLD_COLUMNS}) VALUES ($1, $2, $3, $4)
   ON CONFLICT (${ident(SENSOR)}, metric) DO UPDATE SET minimum = excluded.minimum, maximum = excluded.maximum
   RETURNING ${THRESHOLD_COLUMNS}`,
    values: [sensor_id, metric, minimum, maximum],
  };
}

/** Removes a threshold. */
export function dropThreshold(watched: Watched, sensor: string, metric: string): Statement {
  return {
    sql: `DELETE FROM ${relation(watched.thresholds)} WHERE ${ident(SENSOR)} = $1 AND metric = $2`,
    values: [sensor, metric],
  };
}

/** Stores alerts, inside the transaction of `db`. */
export async function storeAlerts(db: Db, watched: Watched, alerts: readonly Alert[]): Promise<void> {
  if (alerts.length === 0) return;
  const time = ident(watched.alerts.time);
  await db.query(
    `INSERT INTO ${relation(watched.alerts)} (${time}, ${ALERT_COLUMNS.join(', ')})
     SELECT * FROM unnest($1::timestamptz[], $2::${sensorType(watched)}[], $3::text[], $4::text[], $5::float8[], $6::float8[])`,
    [
      alerts.map((alert) => alert.time),
      alerts.map((alert) => alert.sensor_id),
      alerts.map((alert) => alert.alert_type),
      alerts.map((alert) => alert.message),
      alerts.map((alert) => alert.value),
      alerts.map((alert) => alert.threshold),
    ],
  );
}

const TO_SECONDS = 'YYYY-MM-DDTHH:MM:SS'.length;

/** Those of the alerts that the table does not have yet: each key of a reading raises an alert of a type once. */
export async function newAlerts(
  db: Db,
  { alerts: table }: Watched,
  alerts: readonly Alert[],
): Promise<readonly Alert[]> {
  if (alerts.length === 0) return alerts;
  // Constants, so that the server looks only at the chunks of these times.
  const seconds = alerts.map(({ time }) => time.slice(0, TO_SECONDS)).sort();
  const [first, last] = [`${seconds[0]}Z`, timeText(instantOf(`${seconds.at(-1)}Z`) + 1_000_000n)];
  const { rows } = await db.query<{ n: string }>(
    // Joined, because Citus takes no correlated subquery beside a function.
    `SELECT DISTINCT n FROM unnest($1::timestamptz[], $2::text[], $3::text[]) WITH ORDINALITY r (time, sensor_id, alert_type, n)
       JOIN ${relation(table)} a ON a.${ident(table.time)} BETWEEN $4::timestamptz AND $5::timestamptz AND a.${ident(table.time)} = r.time AND a.${ident(SENSOR)}::text = r.sensor_id AND a.alert_type = r.alert_type`,
    [
      alerts.map(({ time }) => time),
      alerts.map(({ sensor_id }) => String(sensor_id)),
      alerts.map(({ alert_type }) => alert_type),
      first,
      last,
    ],
  );
  const there = new Set(rows.map(({ n }) => Number(n)));
  return alerts.filter((_, at) => !there.has(at + 1));
}

/** Which alerts to read. */
export interface AlertSelection extends Pick<RequestedPage, 'limit' | 'after'> {
  readonly range: TimeRange;
  /** Absent = of all sensors. */
  readonly sensor: string | undefined;
}

/** A page of alerts, newest first; see `RangeConditions` for `reached`. */
export function alertQuery(
  { alerts }: Watched,
  { range, sensor, limit, after }: AlertSelection,
  reached: bigint,
): Statement {
  const time = ident(alerts.time);
  return statement((bind) => {
    const conditions = [
      ...rangeConditions(range, { column: time, reached }, bind),
      ...(sensor === undefined ? [] : [`${ident(SENSOR)} = ${bind(sensor, alerts.columns.sensor_id.type)}`]),
      ...(after === undefined ? [] : [`${time} <= ${bind(after.time, 'timestamptz')}`]),
    ];
    // Alerts may have the same time. The other columns then decide, so that a page starts where the one before ended.
    return `SELECT ${time} AS time, ${ALERT_COLUMNS.join(', ')} FROM ${relation(alerts)}
   WHERE ${conditions.join(' AND ')}
   ORDER BY ${time} DESC, ${ALERT_COLUMNS.join(', ')} LIMIT ${bind(limit, 'bigint')} OFFSET ${bind(after?.skip ?? 0, 'bigint')}`;
  });
}
