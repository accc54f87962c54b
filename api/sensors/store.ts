// The SQL about sensors. Names come from the declared schema, values are bound as $1.
import type { Static } from '@fastify/type-provider-typebox';
import type { Pool } from 'pg';
import { ident, relation } from '../../db/core/sql';
import { sensorData } from '../../db/schema/iot';
import { query, queryRows } from '../database/query';
import { rangeBounds, type Statement, statement } from '../database/statement';
import type { Rows } from '../http/packed-rows';
import type { Position } from '../http/pages';
import type { TimeRange } from '../http/range';
import { type Level, type LevelName, levels, rawColumns } from './levels';
import type { AggregateRow, RawRow, Reading, SensorList } from './schemas';

/** A row of the list of sensors. */
export type Sensor = Static<typeof SensorList>['sensors'][number];

/** A row of a series, depending on the level. */
export type SeriesRow<L extends LevelName> = L extends 'raw'
  ? Static<typeof RawRow>
  : Static<typeof AggregateRow>;

/** Which rows of a series to read. */
export interface SeriesRequest {
  readonly sensorId: string;
  readonly range: TimeRange;
  readonly order: 'asc' | 'desc';
  /** Where to go on; absent = at the start of the range. */
  readonly after?: Position | undefined;
  /** Most rows to return. */
  readonly limit: number;
}

/** What the routes read from the database. */
export interface Store {
  /** Sensors that have readings, by id from after `after`, with the time of the last one. */
  sensors(limit: number, after?: string): Promise<Sensor[]>;
  /** The newest reading of a sensor. */
  current(sensorId: string): Promise<Static<typeof Reading> | undefined>;
  /** Rows of the range in order of time; a bucket that overlaps its start is included. */
  series<L extends LevelName>(level: L, request: SeriesRequest): Promise<Rows<SeriesRow<L>>>;
  /** Whether the sensor has any row: retention drops its readings but keeps the monthly figures. */
  isKnown(sensorId: string): Promise<boolean>;
}

/** The store on a pool. */
export function createStore(pool: Pool): Store {
  return {
    sensors: (limit, after) => query<Sensor>(pool, SENSORS, [limit, after ?? null]),
    current: async (sensorId) => (await query<Static<typeof Reading>>(pool, CURRENT, [sensorId]))[0],
    series: <L extends LevelName>(level: L, request: SeriesRequest) => {
      const { sql, values } = seriesQuery(levels[level], request);
      return queryRows<SeriesRow<L>>(pool, sql, values);
    },
    isKnown: async (sensorId) =>
      (await query<{ known: boolean }>(pool, IS_KNOWN, [sensorId]))[0]?.known === true,
  };
}

const RAW = relation(sensorData);
const SENSOR_ID = ident('sensor_id');
const TIME = ident(sensorData.time);

// A loose index scan: it probes the index (sensor_id, time desc) once per sensor, while DISTINCT would read every row.
const SENSORS = `
  WITH RECURSIVE sensor(id) AS (
    (SELECT ${SENSOR_ID} FROM ${RAW} WHERE $2::text IS NULL OR ${SENSOR_ID} > $2 ORDER BY ${SENSOR_ID} LIMIT 1)
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
       LIMIT $1 -- in the subquery, because only an unsorted recursion stops at the limit
    ) found
   ORDER BY sensor_id`;

const CURRENT = `
  SELECT ${[SENSOR_ID, ...rawColumns.map((column) => ident(column))].join(', ')} FROM ${RAW}
   WHERE ${SENSOR_ID} = $1 ORDER BY ${TIME} DESC LIMIT 1`;

const IS_KNOWN = `
  SELECT EXISTS (SELECT FROM ${RAW} WHERE ${SENSOR_ID} = $1)
      OR EXISTS (SELECT FROM ${relation(levels.monthly.relation)} WHERE ${SENSOR_ID} = $1) AS known`;

/** The query of a series. Its text depends on which bounds are given; everything that a client wrote is a bound value. */
function seriesQuery(
  { relation: source, time, columns, bucketUnit }: Level,
  { sensorId, range, order, after, limit }: SeriesRequest,
): Statement {
  return statement((bind) => {
    const { start, end } = rangeBounds(range, bind);
    // Buckets and the session are in UTC, so truncating gives the start of the bucket that contains the time.
    const from = bucketUnit ? `date_trunc('${bucketUnit}', ${start})` : start;
    const column = ident(time);
    const conditions = [
      `${SENSOR_ID} = ${bind(sensorId, 'text')}`,
      `${column} >= ${from}`,
      ...(end === undefined ? [] : [`${column} < ${end}`]),
      ...(after === undefined
        ? []
        : [`${column} ${order === 'asc' ? '>=' : '<='} ${bind(after.time, 'timestamptz')}`]),
    ];
    // Readings may have the same time. The other columns then decide, so that a page starts where the one before ended.
    const sort = [time, ...columns.filter((name) => name !== time)]
      .slice(0, bucketUnit ? 1 : undefined)
      .map((name) => `${ident(name)}${order === 'desc' ? ' DESC' : ''}`);
    return `SELECT ${columns.map((name) => ident(name)).join(', ')} FROM ${relation(source)}
   WHERE ${conditions.join(' AND ')}
   ORDER BY ${sort.join(', ')} LIMIT ${bind(limit, 'bigint')} OFFSET ${bind(after?.skip ?? 0, 'bigint')}`;
  });
}
