// The SQL of the API behind named functions. Names come from the declared schema, values are bound as $1.
import type { Static } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { sensorData } from '../db/schema/iot';
import { ident, relation } from '../db/sql';
import { type Level, type LevelName, levels, rawColumns } from './levels';
import { query } from './query';
import type { AggregateRow, RawRow, Reading, SensorList } from './schemas';

/** A row of the list of sensors. */
export type Sensor = Static<typeof SensorList>['sensors'][number];

/** A row of a series; which one depends on the level. */
export type SeriesRow<L extends LevelName> = L extends 'raw'
  ? Static<typeof RawRow>
  : Static<typeof AggregateRow>;

/** Which rows of a series to read. */
export interface SeriesRequest {
  readonly sensorId: string;
  /** A PostgreSQL interval, counted back from now. */
  readonly interval: string;
  /** Most rows to return. */
  readonly limit: number;
}

/** What the routes ask the database. */
export interface Store {
  /** Sensors that have readings, by id, with the time of the last one. */
  sensors(limit: number): Promise<Sensor[]>;
  /** The newest reading of a sensor. */
  current(sensorId: string): Promise<Static<typeof Reading> | undefined>;
  /** Rows of the period, ascending; a bucket that overlaps its start is included. */
  series<L extends LevelName>(level: L, request: SeriesRequest): Promise<SeriesRow<L>[]>;
  /** Whether the sensor has a row anywhere: readings are dropped by retention, monthly figures are kept. */
  isKnown(sensorId: string): Promise<boolean>;
  /** Declared relations of this API that the database does not have; also proves that it answers. */
  missingRelations(): Promise<string[]>;
}

/** The store on a pool. */
export function createStore(pool: Pool): Store {
  const seriesSql = Object.fromEntries(
    Object.entries(levels).map(([name, level]) => [name, seriesQuery(level)]),
  ) as Record<LevelName, string>;
  return {
    sensors: (limit) => query<Sensor>(pool, SENSORS, [limit]),
    current: async (sensorId) => (await query<Static<typeof Reading>>(pool, CURRENT, [sensorId]))[0],
    series: <L extends LevelName>(level: L, { sensorId, interval, limit }: SeriesRequest) =>
      query<SeriesRow<L>>(pool, seriesSql[level], [sensorId, interval, limit]),
    isKnown: async (sensorId) =>
      (await query<{ known: boolean }>(pool, IS_KNOWN, [sensorId]))[0]?.known === true,
    missingRelations: async () => {
      const names = Object.values(levels).map((level) => relation(level.relation));
      const rows = await query<{ name: string }>(pool, MISSING, [names]);
      return rows.map((row) => row.name.replaceAll('"', ''));
    },
  };
}

const RAW = relation(sensorData);
const SENSOR_ID = ident('sensor_id');
const TIME = ident(sensorData.time);

// A loose index scan: one probe of the index (sensor_id, time desc) per sensor, where DISTINCT would read every row.
const SENSORS = `
  WITH RECURSIVE sensor(id) AS (
    (SELECT ${SENSOR_ID} FROM ${RAW} ORDER BY ${SENSOR_ID} LIMIT 1)
    UNION ALL
    SELECT (SELECT r.${SENSOR_ID} FROM ${RAW} r WHERE r.${SENSOR_ID} > sensor.id ORDER BY r.${SENSOR_ID} LIMIT 1)
      FROM sensor WHERE sensor.id IS NOT NULL
  )
  SELECT sensor_id, last_reading
    FROM (
      SELECT sensor.id AS sensor_id, last.${TIME} AS last_reading
        FROM sensor
       CROSS JOIN LATERAL (
         SELECT r.${TIME} FROM ${RAW} r WHERE r.${SENSOR_ID} = sensor.id ORDER BY r.${TIME} DESC LIMIT 1
       ) last
       LIMIT $1 -- inside, as only an unsorted recursion stops at the limit
    ) found
   ORDER BY sensor_id`;

const CURRENT = `
  SELECT ${[SENSOR_ID, ...rawColumns.map((column) => ident(column))].join(', ')} FROM ${RAW}
   WHERE ${SENSOR_ID} = $1 ORDER BY ${TIME} DESC LIMIT 1`;

const IS_KNOWN = `
  SELECT EXISTS (SELECT FROM ${RAW} WHERE ${SENSOR_ID} = $1)
      OR EXISTS (SELECT FROM ${relation(levels.monthly.relation)} WHERE ${SENSOR_ID} = $1) AS known`;

const MISSING = 'SELECT name FROM unnest($1::text[]) AS name WHERE to_regclass(name) IS NULL ORDER BY name';

function seriesQuery({ relation: source, time, columns, bucketUnit }: Level): string {
  const start = 'now() - $2::interval';
  // Buckets are cut in UTC, as is the session: truncating gives the bucket that the start lies in.
  const from = bucketUnit ? `date_trunc('${bucketUnit}', ${start})` : start;
  return `
  SELECT ${columns.map((column) => ident(column)).join(', ')} FROM ${relation(source)}
   WHERE ${SENSOR_ID} = $1 AND ${ident(time)} >= ${from}
   ORDER BY ${ident(time)} LIMIT $3`;
}
